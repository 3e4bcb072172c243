//! Real transforms that read and write only what is not zero: zero padding, cropping, tiles and kept modes without
//! passes of their own.

mod edges;
mod frame;
mod layout;
mod lines;
mod long;
mod run;
mod task;
mod whole;

pub use frame::{Frame, Modes};

use super::nd::check;
use super::oriented::Kind;
use crate::shape::{BinWeight, Planar, PlanarMut, half_bins};
use spectral_lanes::Scalar;
use spectral_lanes::parallel::Shared;
use spectral_lanes::{count, expect_len};

/// A real transform over the last one to three axes whose samples lie in a [`Frame`] and whose spectrum is cut to the
/// lowest [`Modes`].
///
/// It equals [`rfftn`](crate::rfftn) of explicitly padded tiles, or [`irfftn`](crate::irfftn) followed by cropping and
/// the sum of overlapping tiles; lines that are zero are not transformed, nor lines that nobody reads. The two
/// directions are adjoint to each other by the same [`BinWeight`] rules.
///
/// ```
/// use spectral_kernels::{BinWeight, Frame, Modes, PlanarMut, PrunedFft};
///
/// // A kernel of 3 × 3 taps on a grid of 8 × 8, of which rows −1 … 1 and columns 0 … 2 of the spectrum are kept.
/// let fft = PrunedFft::new(&[8, 8])
///     .with_frames(&[Frame::new(3, 0, 8), Frame::new(3, 0, 8)])
///     .with_modes(&[Modes::new(2, 1), Modes::new(3, 0)]);
/// let taps = [1.0_f32; 9];
/// let (mut re, mut im) = ([0.0; 9], [0.0; 9]);
/// fft.rfftn(1, 1.0, BinWeight::One, &taps, PlanarMut { re: &mut re, im: &mut im });
/// assert_eq!(re[0], 9.0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrunedFft {
    sizes: Vec<usize>,
    frames: Vec<Frame>,
    modes: Vec<Modes>,
}

impl PrunedFft {
    /// Transforms of these (real) lengths, nothing pruned.
    ///
    /// Panics if there are no or more than three sizes, or if one of them is 0.
    pub fn new(sizes: &[usize]) -> Self {
        check(sizes);
        let (leading, n) = (&sizes[..sizes.len() - 1], sizes[sizes.len() - 1]);
        let whole = leading.iter().map(|&len| Modes::new(len, 0));
        PrunedFft {
            sizes: sizes.to_vec(),
            frames: sizes.iter().map(|&n| Frame::whole(n)).collect(),
            modes: whole.chain([Modes::new(half_bins(n), 0)]).collect(),
        }
    }

    /// The same with samples in these frames, one an axis.
    ///
    /// Panics unless each has a plane, tiles and live samples within its grid.
    pub fn with_frames(mut self, frames: &[Frame]) -> Self {
        expect_len("frames", "axis", self.sizes.len(), frames.len());
        for (frame, &n) in frames.iter().zip(&self.sizes) {
            frame.check(n);
        }
        self.frames = frames.to_vec();
        self
    }

    /// The same with these modes kept, one an axis; the last is of the half-spectrum.
    ///
    /// Panics unless each keeps at least bin 0 and no bin twice.
    pub fn with_modes(mut self, modes: &[Modes]) -> Self {
        expect_len("modes", "axis", self.sizes.len(), modes.len());
        let last = self.sizes.len() - 1;
        for (a, (modes, &n)) in modes.iter().zip(&self.sizes).enumerate() {
            modes.check(if a == last { half_bins(n) } else { n }, a == last);
        }
        self.modes = modes.to_vec();
        self
    }

    /// Samples of one plane.
    pub fn plane_len(&self) -> usize {
        count(
            &self
                .frames
                .iter()
                .map(|frame| frame.plane)
                .collect::<Vec<_>>(),
        )
    }

    /// Tiles of one plane.
    pub fn tiles(&self) -> usize {
        count(
            &self
                .frames
                .iter()
                .map(|frame| frame.tiles)
                .collect::<Vec<_>>(),
        )
    }

    /// Bins kept of one tile.
    pub fn bins(&self) -> usize {
        count(
            &self
                .modes
                .iter()
                .map(|modes| modes.kept())
                .collect::<Vec<_>>(),
        )
    }

    /// `[batch, planes…]` → `[batch, tiles…, kept bins…]`: of each tile, `out[k] = scale · w_k · Σ_j in[j]
    /// exp(-2πi Σ_a j_a k_a / n_a)`, `w_k` by the index on the last axis.
    ///
    /// Panics if the slices have other lengths than `batch` times [`Self::plane_len`] and [`Self::tiles`] times
    /// [`Self::bins`].
    pub fn rfftn<T: Scalar>(
        &self,
        batch: usize,
        scale: T,
        weight: BinWeight,
        input: &[T],
        output: PlanarMut<'_, T>,
    ) {
        let real = count(&[batch, self.plane_len()]);
        expect_len("rfftn input", "real", real, input.len());
        output.expect("rfftn output", count(&[batch, self.tiles(), self.bins()]));
        let from = Shared::to_read(input);
        let to = [Shared::new(output.re), Shared::new(output.im)];
        let kind = Kind::ToHalf;
        T::enter::<run::PrunedEntry>((self.request(batch, kind, scale, weight), from, to));
    }

    /// `[batch, tiles…, kept bins…]` → `[batch, planes…]`: each tile as by [`irfftn`](crate::irfftn) of the kept bins
    /// and zeros elsewhere; a plane is the sum of its tiles, zero where there is none.
    ///
    /// Panics if the slices have other lengths than for [`Self::rfftn`].
    pub fn irfftn<T: Scalar>(
        &self,
        batch: usize,
        scale: T,
        weight: BinWeight,
        input: Planar<'_, T>,
        output: &mut [T],
    ) {
        input.expect("irfftn input", count(&[batch, self.tiles(), self.bins()]));
        let real = count(&[batch, self.plane_len()]);
        expect_len("irfftn output", "real", real, output.len());
        let from = [Shared::to_read(input.re), Shared::to_read(input.im)];
        let to = Shared::new(output);
        let kind = Kind::FromHalf;
        T::enter::<run::PrunedEntry>((self.request(batch, kind, scale, weight), to, from));
    }

    fn request<T>(&self, batch: usize, kind: Kind, scale: T, weight: BinWeight) -> Request<'_, T> {
        Request {
            fft: self,
            batch,
            kind,
            scale,
            weight,
        }
    }
}

/// What is asked of a [`PrunedFft`].
pub struct Request<'a, T> {
    pub fft: &'a PrunedFft,
    /// Number of planes.
    pub batch: usize,
    /// [`Kind::ToHalf`] or [`Kind::FromHalf`].
    pub kind: Kind,
    pub scale: T,
    pub weight: BinWeight,
}

impl<T> Request<'_, T> {
    /// Tiles of all planes.
    pub fn images(&self) -> usize {
        count(&[self.batch, self.fft.tiles()])
    }

    /// Points of the grids of all tiles.
    pub fn points(&self) -> usize {
        self.images() * self.fft.sizes.iter().product::<usize>()
    }

    pub fn forward(&self) -> bool {
        self.kind == Kind::ToHalf
    }
}
