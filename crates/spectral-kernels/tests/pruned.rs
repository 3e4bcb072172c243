//! Pruned transforms, compared with a naive DFT of explicitly padded, cropped and truncated data, and with their
//! adjoints.

mod common;

use common::{Number, Owned, assert_close, noise, relative_error, widen};
use spectral_kernels::{
    BinWeight, Frame, InstructionSet, Modes, PrunedFft, half_bins, irfftn, oracle, rfftn,
};

/// A pruned transform and its parameters.
#[derive(Clone, Debug)]
struct Case {
    batch: usize,
    sizes: Vec<usize>,
    frames: Vec<Frame>,
    modes: Vec<Modes>,
}

/// Row-major indices of an array of these sizes.
fn indices(sizes: &[usize]) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![vec![]], |outer, &n| {
        outer
            .iter()
            .flat_map(|head| (0..n).map(|j| [head.clone(), vec![j]].concat()))
            .collect()
    })
}

fn flat_index(sizes: &[usize], index: &[usize]) -> usize {
    sizes.iter().zip(index).fold(0, |at, (n, j)| at * n + j)
}

impl Case {
    fn fft(&self) -> PrunedFft {
        PrunedFft::new(&self.sizes)
            .with_frames(&self.frames)
            .with_modes(&self.modes)
    }

    fn plane(&self) -> Vec<usize> {
        self.frames.iter().map(|frame| frame.plane).collect()
    }

    fn points(&self) -> usize {
        self.sizes.iter().product()
    }

    /// Sizes of the full half-spectrum.
    fn halves(&self) -> Vec<usize> {
        let last = self.sizes.len() - 1;
        let n = self.sizes[last];
        [&self.sizes[..last], &[half_bins(n)]].concat()
    }

    /// Pairs of plane sample and grid sample, the latter counted over all tiles of the batch.
    fn samples(&self) -> Vec<(usize, usize)> {
        let tiles: Vec<usize> = self.frames.iter().map(|frame| frame.tiles).collect();
        let mut pairs = Vec::new();
        for batch in 0..self.batch {
            for (t, tile) in indices(&tiles).iter().enumerate() {
                for grid in indices(&self.sizes) {
                    let plane: Option<Vec<usize>> = (0..grid.len())
                        .map(|a| {
                            let frame = &self.frames[a];
                            let at = frame.origin + (tile[a] * frame.step + grid[a]) as isize;
                            let inside = at >= 0 && at < frame.plane as isize;
                            (inside && frame.live.contains(&grid[a])).then_some(at as usize)
                        })
                        .collect();
                    if let Some(plane) = plane {
                        let planes = batch * self.plane().iter().product::<usize>();
                        let image = batch * tiles.iter().product::<usize>() + t;
                        pairs.push((
                            planes + flat_index(&self.plane(), &plane),
                            image * self.points() + flat_index(&self.sizes, &grid),
                        ));
                    }
                }
            }
        }
        pairs
    }

    /// Pairs of kept bin and bin of the full half-spectrum, over all tiles, with the index on the last axis.
    fn kept(&self) -> Vec<(usize, usize, usize)> {
        let images = self.batch * self.fft().tiles();
        let halves = self.halves();
        let kept: Vec<usize> = self.modes.iter().map(|modes| modes.kept()).collect();
        let mut pairs = Vec::new();
        for image in 0..images {
            for (i, index) in indices(&kept).iter().enumerate() {
                let bin: Vec<usize> = (0..index.len())
                    .map(|a| {
                        let Modes { positive, negative } = self.modes[a];
                        if index[a] < positive {
                            index[a]
                        } else {
                            self.sizes[a] - negative + (index[a] - positive)
                        }
                    })
                    .collect();
                pairs.push((
                    image * self.fft().bins() + i,
                    image * halves.iter().product::<usize>() + flat_index(&halves, &bin),
                    bin[bin.len() - 1],
                ));
            }
        }
        pairs
    }

    fn weight(&self, weight: BinWeight, k: usize) -> f64 {
        weight.at(k, self.sizes[self.sizes.len() - 1])
    }

    fn expected_rfftn(&self, x: &[f64], scale: f64, weight: BinWeight) -> Vec<f64> {
        let images = self.batch * self.fft().tiles();
        let mut padded = vec![0.0; images * self.points()];
        for (plane, grid) in self.samples() {
            padded[grid] = x[plane];
        }
        let (re, im) = oracle::real_dft_nd(images, &self.sizes, &padded);
        let part = |part: &[f64]| -> Vec<f64> {
            let kept = self.kept();
            kept.iter()
                .map(|&(_, bin, k)| part[bin] * scale * self.weight(weight, k))
                .collect()
        };
        [part(&re), part(&im)].concat()
    }

    fn expected_irfftn(&self, re: &[f64], im: &[f64], scale: f64, weight: BinWeight) -> Vec<f64> {
        let images = self.batch * self.fft().tiles();
        let whole = images * self.halves().iter().product::<usize>();
        let mut all = (vec![0.0; whole], vec![0.0; whole]);
        for (kept, bin, k) in self.kept() {
            let factor = scale * self.weight(weight, k);
            (all.0[bin], all.1[bin]) = (re[kept] * factor, im[kept] * factor);
        }
        let y = oracle::inverse_real_dft_nd(images, &self.sizes, &all.0, &all.1);
        let mut planes = vec![0.0; self.batch * self.fft().plane_len()];
        for (plane, grid) in self.samples() {
            planes[plane] += y[grid];
        }
        planes
    }

    fn spectra(&self) -> usize {
        self.batch * self.fft().tiles() * self.fft().bins()
    }

    fn check<T: Number>(&self) {
        let fft = self.fft();
        let what = format!("{:?} {self:?}", InstructionSet::current());
        for (scale, weight) in [(0.75, BinWeight::One), (1.0, BinWeight::Double)] {
            let x = noise::<T>(self.batch * fft.plane_len(), 1);
            let mut y = Owned::unwritten(self.spectra());
            fft.rfftn(self.batch, T::of(scale), weight, &x, y.set());
            let expected = self.expected_rfftn(&widen(&x), scale, weight);
            close::<T>(&what, &y.flat(), &expected);

            let y = Owned::<T>::noise(self.spectra(), 2);
            let mut x = vec![T::of(f64::NAN); x.len()];
            fft.irfftn(self.batch, T::of(scale), weight, y.get(), &mut x);
            let (re, im) = y.wide();
            let expected = self.expected_irfftn(&re, &im, scale, weight);
            close::<T>(&what, &widen(&x), &expected);
        }
    }
}

fn close<T: Number>(what: &str, got: &[f64], expected: &[f64]) {
    if expected.iter().all(|x| *x == 0.0) {
        assert!(got.iter().all(|x| *x == 0.0), "{what}: not zero: {got:?}");
    } else {
        assert_close::<T>(what, got, expected);
    }
}

/// Random numbers from a seed.
struct Draw(u64);

impl Draw {
    /// Uniform between `low` and `high`, inclusive.
    fn from(&mut self, low: usize, high: usize) -> usize {
        self.0 += 1;
        let unit = (noise::<f64>(1, self.0)[0] + 1.0) / 2.0;
        low + (unit * (high - low + 1) as f64) as usize
    }

    fn case(&mut self) -> Case {
        let axes = self.from(1, 3);
        let longest = [40, 18, 8][axes - 1];
        let sizes: Vec<usize> = (0..axes).map(|_| self.from(1, longest)).collect();
        let frames = sizes
            .iter()
            .map(|&n| match self.from(0, 3) {
                0 => Frame::whole(n),
                1 => Frame::new(self.from(1, n), 0, n),
                _ => {
                    let start = self.from(0, n);
                    let end = self.from(start, n);
                    let origin = self.from(0, 2 * n) as isize - n as isize;
                    Frame::new(self.from(1, n + 6), origin, n)
                        .tiled(self.from(1, 3), self.from(0, n))
                        .live(start..end)
                }
            })
            .collect();
        let modes = sizes
            .iter()
            .enumerate()
            .map(|(a, &n)| {
                if a + 1 == axes {
                    Modes::new(self.from(1, half_bins(n)), 0)
                } else if self.from(0, 1) == 0 {
                    Modes::new(n, 0)
                } else {
                    let positive = self.from(1, n);
                    Modes::new(positive, self.from(0, n - positive))
                }
            })
            .collect();
        Case {
            batch: self.from(1, 5),
            sizes,
            frames,
            modes,
        }
    }
}

#[test]
fn random_frames_and_modes_match_the_naive_transform_on_every_instruction_set() {
    for &set in InstructionSet::available() {
        InstructionSet::force(Some(set));
        let mut draw = Draw(1);
        for _ in 0..300 {
            let case = draw.case();
            case.check::<f32>();
            case.check::<f64>();
        }
    }
    InstructionSet::force(None);
}

/// Sizes from networks: kernels, tiles and modes of convolutions and neural operators.
fn known() -> Vec<Case> {
    let square = |batch, n: usize, frame: Frame, modes: [Modes; 2]| Case {
        batch,
        sizes: vec![n, n],
        frames: vec![frame.clone(), frame],
        modes: modes.to_vec(),
    };
    let all = |n: usize| [Modes::new(n, 0), Modes::new(half_bins(n), 0)];
    vec![
        square(3, 40, Frame::new(7, 0, 40), all(40)),
        square(2, 45, Frame::new(31, -3, 45), all(45)),
        square(2, 37, Frame::new(28, -7, 37).live(3..31), all(37)),
        // Overlap-save: tiles of 32 with 20 new samples each, and their outputs.
        square(2, 32, Frame::new(50, -6, 32).tiled(3, 20), all(32)),
        square(
            2,
            32,
            Frame::new(50, -6, 32).tiled(3, 20).live(6..26),
            all(32),
        ),
        square(
            17,
            32,
            Frame::whole(32),
            [Modes::new(6, 6), Modes::new(7, 0)],
        ),
        square(
            1,
            31,
            Frame::whole(31),
            [Modes::new(5, 4), Modes::new(16, 0)],
        ),
        square(
            2,
            24,
            Frame::whole(24),
            [Modes::new(5, 4), Modes::new(13, 0)],
        ),
    ]
}

#[test]
fn frames_and_modes_of_networks_match_the_naive_transform() {
    for case in known() {
        case.check::<f32>();
        case.check::<f64>();
    }
}

#[test]
fn a_single_large_image_and_long_lines_match_the_naive_transform() {
    let line = |n: usize, frame: Frame, bins| Case {
        batch: 2,
        sizes: vec![n],
        frames: vec![frame],
        modes: vec![Modes::new(bins, 0)],
    };
    let cases = [
        Case {
            batch: 1,
            sizes: vec![75, 64],
            frames: vec![
                Frame::new(90, -3, 75).tiled(2, 40).live(2..70),
                Frame::new(50, 3, 64),
            ],
            modes: vec![Modes::new(10, 9), Modes::new(33, 0)],
        },
        line(211, Frame::new(150, -9, 211), 80),
        line(4097, Frame::new(3000, 4, 4097).tiled(2, 1000), 2049),
        line(
            5000,
            Frame::new(6000, -7, 5000).tiled(2, 2500).live(9..4000),
            900,
        ),
    ];
    for case in cases {
        case.check::<f32>();
        case.check::<f64>();
    }
}

#[test]
fn the_two_directions_are_adjoint() {
    let mut draw = Draw(1_000_000);
    let random = (0..200).map(|_| draw.case()).collect::<Vec<_>>();
    for case in known().into_iter().chain(random) {
        let fft = case.fft();
        let x = noise::<f64>(case.batch * fft.plane_len(), 3);
        let g = Owned::<f64>::noise(case.spectra(), 4);
        let mut y = Owned::unwritten(case.spectra());
        let mut back = vec![f64::NAN; x.len()];
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for (there, back_again) in [
            (BinWeight::One, BinWeight::Halve),
            (BinWeight::Double, BinWeight::One),
        ] {
            fft.rfftn(case.batch, 1.5, there, &x, y.set());
            fft.irfftn(case.batch, 1.5, back_again, g.get(), &mut back);
            let there = dot(&y.re, &g.re) + dot(&y.im, &g.im);
            let back = dot(&x, &back);
            let size = (dot(&x, &x) * dot(&g.flat(), &g.flat()) * case.points() as f64).sqrt();
            assert!(
                (there - back).abs() <= 1e-13 * size,
                "{case:?}: {there} {back}"
            );
        }
    }
}

#[test]
fn without_pruning_it_is_the_plain_transform() {
    for sizes in [vec![30], vec![28, 28], vec![9, 15], vec![4, 6, 10]] {
        let points: usize = sizes.iter().product();
        let x = noise::<f32>(5 * points, 7);
        let fft = PrunedFft::new(&sizes);
        assert_eq!((fft.plane_len(), fft.tiles()), (points, 1));
        let mut y = Owned::unwritten(5 * fft.bins());
        let mut plain = y.clone();
        fft.rfftn(5, 1.0, BinWeight::One, &x, y.set());
        rfftn(5, &sizes, 1.0, BinWeight::One, &x, plain.set());
        assert!(relative_error(&y.flat(), &plain.flat()) < 1e-7, "{sizes:?}");
        let mut out = [vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]];
        fft.irfftn(5, 1.0, BinWeight::Halve, y.get(), &mut out[0]);
        irfftn(5, &sizes, 1.0, BinWeight::Halve, y.get(), &mut out[1]);
        let [a, b] = out.map(|x| widen(&x));
        assert!(relative_error(&a, &b) < 2e-7, "{sizes:?}");
    }
}

#[test]
fn images_do_not_affect_each_other() {
    let fft = PrunedFft::new(&[9, 15]).with_frames(&[Frame::new(5, 0, 9), Frame::new(6, -2, 15)]);
    let mut x = noise::<f32>(4 * 30, 1);
    let mut clean = Owned::unwritten(4 * fft.bins());
    fft.rfftn(4, 1.0, BinWeight::One, &x, clean.set());
    x[30..60].fill(f32::NAN);
    let mut dirty = Owned::unwritten(4 * fft.bins());
    fft.rfftn(4, 1.0, BinWeight::One, &x, dirty.set());
    for i in (0..fft.bins()).chain(2 * fft.bins()..4 * fft.bins()) {
        assert_eq!((clean.re[i], clean.im[i]), (dirty.re[i], dirty.im[i]));
    }
}

#[test]
#[should_panic(expected = "modes must keep 1 to 3 bins, none of them negative")]
fn modes_beyond_the_half_spectrum_are_rejected() {
    let _ = PrunedFft::new(&[4]).with_modes(&[Modes::new(4, 0)]);
}

#[test]
#[should_panic(expected = "live samples of a frame must be within its grid of 8, got 2..9")]
fn live_samples_outside_the_grid_are_rejected() {
    let _ = PrunedFft::new(&[8]).with_frames(&[Frame::new(5, 0, 8).live(2..9)]);
}
