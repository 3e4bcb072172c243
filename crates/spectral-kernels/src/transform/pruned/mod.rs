//! Pruned real transforms, which skip zeros and unused bins: zero padding, cropping, tiling and truncation to low
//! frequencies need no separate passes.

mod edges;
mod frame;
mod layout;
mod lines;
mod long;
mod run;
mod task;
mod whole;

pub use frame::{Frame, Modes};

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Scalar, count, expect_len};

use super::nd::check;
use super::oriented::Kind;
use crate::shape::{BinWeight, Planar, PlanarMut, half_bins};

/// A real transform over the last one to three axes whose samples are placed by a [`Frame`] and whose spectrum is
/// truncated to the lowest [`Modes`].
///
/// It equals [`rfftn`](crate::rfftn) of explicitly padded tiles, or [`irfftn`](crate::irfftn) followed by cropping and
/// summing overlapping tiles, but lines that are zero or not needed are not transformed. The two directions are adjoint
/// to each other with the same [`BinWeight`] rules.
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
    /// A transform of these (real) sizes, without pruning.
    ///
    /// # Panics
    /// If there are no sizes or more than three, or if one of them is 0.
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

    /// Places the samples with these frames, one per axis.
    ///
    /// # Panics
    /// If the number of frames is wrong, or a frame has no samples, no tiles, or live samples outside its grid.
    pub fn with_frames(mut self, frames: &[Frame]) -> Self {
        expect_len("frames", "axis", self.sizes.len(), frames.len());
        for (frame, &n) in frames.iter().zip(&self.sizes) {
            frame.check(n);
        }
        self.frames = frames.to_vec();
        self
    }

    /// Keeps these modes, one per axis; those of the last axis refer to the half-spectrum.
    ///
    /// # Panics
    /// If the number of modes is wrong, or an axis keeps no bins, or more than it has.
    pub fn with_modes(mut self, modes: &[Modes]) -> Self {
        expect_len("modes", "axis", self.sizes.len(), modes.len());
        let last = self.sizes.len() - 1;
        for (a, (modes, &n)) in modes.iter().zip(&self.sizes).enumerate() {
            modes.check(if a == last { half_bins(n) } else { n }, a == last);
        }
        self.modes = modes.to_vec();
        self
    }

    /// Number of samples per plane.
    pub fn plane_len(&self) -> usize {
        count(
            &self
                .frames
                .iter()
                .map(|frame| frame.plane)
                .collect::<Vec<_>>(),
        )
    }

    /// Number of tiles per plane.
    pub fn tiles(&self) -> usize {
        count(
            &self
                .frames
                .iter()
                .map(|frame| frame.tiles)
                .collect::<Vec<_>>(),
        )
    }

    /// Number of kept bins per tile.
    pub fn bins(&self) -> usize {
        count(
            &self
                .modes
                .iter()
                .map(|modes| modes.kept())
                .collect::<Vec<_>>(),
        )
    }

    /// Transforms `[batch, planes…]` to `[batch, tiles…, kept bins…]`: for each tile,
    /// `out[k] = scale · w_k · Σ_j in[j] exp(-2πi Σ_a j_a k_a / n_a)`, where `w_k` depends on the index on the last
    /// axis.
    ///
    /// # Panics
    /// If the input does not have `batch` times [`Self::plane_len`] elements, or the output `batch` times
    /// [`Self::tiles`] times [`Self::bins`].
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

    /// Transforms `[batch, tiles…, kept bins…]` to `[batch, planes…]`: each tile is [`irfftn`](crate::irfftn) of its
    /// kept bins, with zeros elsewhere; a plane is the sum of its tiles, and zero where there is none.
    ///
    /// # Panics
    /// If the length of a slice does not match; lengths are as for [`Self::rfftn`], with input and output exchanged.
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

/// A call of a [`PrunedFft`].
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
    /// Number of tiles of all planes.
    pub fn images(&self) -> usize {
        count(&[self.batch, self.fft.tiles()])
    }

    /// Number of grid points of all tiles.
    pub fn points(&self) -> usize {
        self.images() * self.fft.sizes.iter().product::<usize>()
    }

    pub fn forward(&self) -> bool {
        self.kind == Kind::ToHalf
    }
}
