//! Spectral filters and their adjoints, compared with naive transforms in `f64`.

mod common;

use common::{Number, Owned, dot, noise, relative_error, widen};
use proptest::prelude::*;
use spectral_kernels::{
    Conjugate, InputGradient, Layout, Placement, ResponseGradient, SpectralFilter, half_bins,
    oracle,
};

const CONJUGATES: [Conjugate; 3] = [Conjugate::None, Conjugate::Response, Conjugate::Input];
const LAYOUTS: [Layout; 2] = [Layout::Planes, Layout::ChannelsLast];

type Complex = (Vec<f64>, Vec<f64>);

/// Offset of a sample of an image.
fn at(
    f: &SpectralFilter,
    channels: usize,
    frame: &Placement,
    b: usize,
    c: usize,
    i: usize,
) -> usize {
    match f.layout {
        Layout::Planes => (b * channels + c) * frame.area() + i,
        Layout::ChannelsLast => (b * frame.area() + i) * channels + c,
    }
}

/// Offset of a bin of a response.
fn bin(f: &SpectralFilter, filter: usize, k: usize) -> usize {
    match f.layout {
        Layout::Planes => filter * f.bins() + k,
        Layout::ChannelsLast => k * f.groups + filter,
    }
}

/// Offset in the grid of each sample of a placement.
fn places<'a>(f: &'a SpectralFilter, frame: &'a Placement) -> impl Iterator<Item = usize> + 'a {
    (0..frame.area()).map(|i| {
        let (row, column) = (i / frame.size[1], i % frame.size[1]);
        (frame.start[0] + row) * f.grid[1] + frame.start[1] + column
    })
}

/// The spectrum of an image placed on the grid.
fn spectrum(
    f: &SpectralFilter,
    x: &[f64],
    channels: usize,
    frame: &Placement,
    [b, c]: [usize; 2],
) -> Complex {
    let mut grid = vec![0.0; f.grid[0] * f.grid[1]];
    for (i, to) in places(f, frame).enumerate() {
        grid[to] = x[at(f, channels, frame, b, c, i)];
    }
    oracle::real_dft_nd(1, &f.grid, &grid)
}

fn input_spectrum(f: &SpectralFilter, x: &[f64], b: usize, g: usize) -> Complex {
    let mut sum = (vec![0.0; f.bins()], vec![0.0; f.bins()]);
    for term in 0..f.terms {
        let c = g * f.terms + term;
        let (re, im) = spectrum(f, x, f.groups * f.terms, &f.input, [b, c]);
        for k in 0..f.bins() {
            (sum.0[k], sum.1[k]) = (sum.0[k] + re[k], sum.1[k] + im[k]);
        }
    }
    sum
}

fn times(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

fn conj(a: (f64, f64)) -> (f64, f64) {
    (a.0, -a.1)
}

fn forward(f: &SpectralFilter, x: &[f64], r: &Complex) -> Vec<f64> {
    let outputs = f.groups * f.multiplier;
    let mut y = vec![f64::NAN; f.output_len()];
    for b in 0..f.batch {
        for o in 0..outputs {
            let (xr, xi) = input_spectrum(f, x, b, o / f.multiplier);
            let (re, im): Complex = (0..f.bins())
                .map(|k| {
                    let (x, r) = ((xr[k], xi[k]), (r.0[bin(f, o, k)], r.1[bin(f, o, k)]));
                    match f.conjugate {
                        Conjugate::None => times(r, x),
                        Conjugate::Response => times(conj(r), x),
                        Conjugate::Input => times(r, conj(x)),
                    }
                })
                .unzip();
            let grid = oracle::inverse_real_dft_nd(1, &f.grid, &re, &im);
            for (i, from) in places(f, &f.output).enumerate() {
                let points = (f.grid[0] * f.grid[1]) as f64;
                y[at(f, outputs, &f.output, b, o, i)] = grid[from] / points;
            }
        }
    }
    y
}

/// The gradients with respect to input and response, by their definitions.
fn adjoint(f: &SpectralFilter, x: &[f64], r: &Complex, gy: &[f64]) -> (Vec<f64>, Complex) {
    let (outputs, inputs) = (f.groups * f.multiplier, f.groups * f.terms);
    let points = (f.grid[0] * f.grid[1]) as f64;
    let columns = half_bins(f.grid[1]);
    let mut gx = vec![f64::NAN; f.input_len()];
    let mut gr = (vec![0.0; f.response_len()], vec![0.0; f.response_len()]);
    for b in 0..f.batch {
        for g in 0..f.groups {
            let (xr, xi) = input_spectrum(f, x, b, g);
            let mut sum = (vec![0.0; f.bins()], vec![0.0; f.bins()]);
            for o in g * f.multiplier..(g + 1) * f.multiplier {
                let (re, im) = spectrum(f, gy, outputs, &f.output, [b, o]);
                for k in 0..f.bins() {
                    let (x, g) = ((xr[k], xi[k]), (re[k], im[k]));
                    let place = bin(f, o, k);
                    let r = (r.0[place], r.1[place]);
                    let (input, response) = match f.conjugate {
                        Conjugate::None => (times(conj(r), g), times(conj(x), g)),
                        Conjugate::Response => (times(r, g), times(x, conj(g))),
                        Conjugate::Input => (times(r, conj(g)), times(x, g)),
                    };
                    (sum.0[k], sum.1[k]) = (sum.0[k] + input.0, sum.1[k] + input.1);
                    let column = k % columns;
                    let weight = match column == 0 || 2 * column == f.grid[1] {
                        true => 1.0 / points,
                        false => 2.0 / points,
                    };
                    gr.0[place] += weight * response.0;
                    gr.1[place] += weight * response.1;
                }
            }
            let grid = oracle::inverse_real_dft_nd(1, &f.grid, &sum.0, &sum.1);
            for term in 0..f.terms {
                for (i, from) in places(f, &f.input).enumerate() {
                    let to = at(f, inputs, &f.input, b, g * f.terms + term, i);
                    gx[to] = grid[from] / points;
                }
            }
        }
    }
    (gx, gr)
}

/// Compares all results, with the filter's own choice of algorithm and through memory.
fn check<T: Number>(f: &SpectralFilter, seed: u64) {
    let x = noise::<T>(f.input_len(), seed);
    let gy = noise::<T>(f.output_len(), seed + 1);
    let r = Owned::<T>::noise(f.response_len(), seed + 2);
    let y = forward(f, &widen(&x), &r.wide());
    let (gx, gr) = adjoint(f, &widen(&x), &r.wide(), &widen(&gy));
    let gr = common::flat(gr);
    let close = |what: &str, got: &[f64], expected: &[f64]| {
        // Two transforms and a product, with a sum over the batch.
        let (error, allowed) = (relative_error(got, expected), 2.0 * T::TOLERANCE);
        assert!(
            error < allowed,
            "{what} of {f:?}: relative error {error:.3e}"
        );
    };
    for fused in [true, false] {
        let name = |what| {
            format!(
                "{what} {}",
                if fused { "in cache" } else { "through memory" }
            )
        };
        let mut got = vec![T::of(f64::NAN); f.output_len()];
        match fused {
            true => f.forward(&x, r.get(), &mut got),
            false => f.forward_unfused(&x, r.get(), &mut got),
        }
        close(&name("y"), &widen(&got), &y);
        for (wants_x, wants_r) in [(true, true), (true, false), (false, true)] {
            let mut got_x = wants_x.then(|| vec![T::of(f64::NAN); f.input_len()]);
            let mut got_r = wants_r.then(|| Owned::<T>::unwritten(f.response_len()));
            let to_x = got_x.as_mut().map(|gradient| InputGradient {
                response: r.get(),
                gradient,
            });
            let to_r = got_r.as_mut().map(|gradient| ResponseGradient {
                input: &x,
                gradient: gradient.set(),
            });
            match fused {
                true => f.adjoint(&gy, to_x, to_r),
                false => f.adjoint_unfused(&gy, to_x, to_r),
            }
            if let Some(got) = got_x {
                close(&name("gx"), &widen(&got), &gx);
            }
            if let Some(got) = got_r {
                close(&name("gr"), &got.flat(), &gr);
            }
        }
    }
}

fn whole(batch: usize, groups: usize, grid: [usize; 2]) -> SpectralFilter {
    SpectralFilter::depthwise(batch, groups, grid)
}

#[test]
fn the_formulas_are_the_gradients_of_the_naive_filter() {
    for grid in [[1, 1], [3, 4], [4, 3], [2, 2], [1, 6]] {
        for conjugate in CONJUGATES {
            let f = SpectralFilter {
                multiplier: 2,
                terms: 2,
                conjugate,
                ..whole(2, 1, grid)
            };
            let x = noise::<f64>(f.input_len(), 1);
            let gy = noise::<f64>(f.output_len(), 2);
            let r = Owned::<f64>::noise(f.response_len(), 3).wide();
            let (gx, gr) = adjoint(&f, &x, &r, &gy);
            // The filter is linear in each factor, so the slope along a unit vector is the filter's value there.
            let unit = |len: usize, i: usize| -> Vec<f64> {
                (0..len).map(|j| f64::from(u8::from(i == j))).collect()
            };
            let slopes: Vec<f64> = (0..x.len())
                .map(|i| dot(&forward(&f, &unit(x.len(), i), &r), &gy))
                .collect();
            assert!(relative_error(&gx, &slopes) < 1e-12, "{f:?}");
            let len = f.response_len();
            let zero = || vec![0.0; len];
            let re = (0..len).map(|i| dot(&forward(&f, &x, &(unit(len, i), zero())), &gy));
            let im = (0..len).map(|i| dot(&forward(&f, &x, &(zero(), unit(len, i))), &gy));
            let slopes: Vec<f64> = re.chain(im).collect();
            assert!(relative_error(&common::flat(gr), &slopes) < 1e-12, "{f:?}");
        }
    }
}

#[test]
fn whole_images_of_any_size_in_both_layouts() {
    for grid in [
        [1, 1],
        [1, 2],
        [2, 1],
        [1, 31],
        [1, 64],
        [5, 1],
        [7, 7],
        [8, 6],
        [13, 10],
        [14, 14],
        [16, 31],
        [31, 16],
        [33, 35],
    ] {
        for (batch, groups) in [(1, 1), (3, 2), (2, 17), (1, 40)] {
            for layout in LAYOUTS {
                let f = SpectralFilter {
                    layout,
                    ..whole(batch, groups, grid)
                };
                check::<f32>(&f, 1);
                check::<f64>(&f, 4);
            }
        }
    }
}

#[test]
fn several_outputs_of_a_sum_of_inputs() {
    for (batch, groups) in [(1, 1), (5, 1), (3, 4)] {
        for (terms, multiplier) in [(3, 6), (1, 2), (4, 1)] {
            for conjugate in CONJUGATES {
                for grid in [[15, 15], [6, 20]] {
                    let f = SpectralFilter {
                        terms,
                        multiplier,
                        conjugate,
                        ..whole(batch, groups, grid)
                    };
                    check::<f32>(&f, 7);
                    check::<f64>(&f, 8);
                }
            }
        }
    }
}

#[test]
fn frames_smaller_than_the_grid() {
    for layout in LAYOUTS {
        for (grid, input, output) in [
            ([12, 16], ([0, 0], [5, 7]), ([2, 3], [9, 10])),
            ([13, 15], ([4, 2], [9, 13]), ([0, 1], [1, 1])),
            ([9, 7], ([1, 1], [3, 3]), ([0, 0], [9, 7])),
            ([1, 20], ([0, 3], [1, 11]), ([0, 0], [1, 17])),
        ] {
            let frame = |(start, size)| Placement { start, size };
            for conjugate in CONJUGATES {
                let f = SpectralFilter {
                    input: frame(input),
                    output: frame(output),
                    layout,
                    conjugate,
                    ..whole(3, 18, grid)
                };
                check::<f32>(&f, 1);
                check::<f64>(&f, 2);
            }
        }
    }
}

#[test]
fn lengths_without_vector_kernels() {
    for layout in LAYOUTS {
        for grid in [[1, 8194], [211, 3], [2, 211]] {
            let f = SpectralFilter {
                layout,
                ..whole(2, 1, grid)
            };
            assert!(!f.is_fused::<f64>());
            check::<f64>(&f, 3);
        }
    }
}

#[test]
fn large_images_on_all_threads_match_the_results_of_small_pieces() {
    // Enough work for several threads, with fewer and with more groups than threads.
    for (batch, groups) in [(9, 1), (2, 5)] {
        let f = SpectralFilter {
            multiplier: 2,
            ..whole(batch, groups, [60, 64])
        };
        assert!(f.is_fused::<f32>());
        check::<f32>(&f, 5);
    }
    let f = SpectralFilter {
        layout: Layout::ChannelsLast,
        ..whole(9, 20, [14, 14])
    };
    check::<f32>(&f, 6);
}

#[test]
fn without_entries_the_gradient_is_zero() {
    let f = whole(0, 3, [4, 4]);
    let mut gr = Owned::<f32>::unwritten(f.response_len());
    let response = ResponseGradient {
        input: &[],
        gradient: gr.set(),
    };
    f.adjoint(&[], None, Some(response));
    assert_eq!(gr.flat(), vec![0.0; 2 * f.response_len()]);
}

#[test]
fn a_nan_image_does_not_affect_others() {
    for layout in LAYOUTS {
        for grid in [[9, 9], [8, 8]] {
            let f = SpectralFilter {
                layout,
                ..whole(4, 3, grid)
            };
            let mut x = noise::<f32>(f.input_len(), 1);
            let r = Owned::noise(f.response_len(), 2);
            let mut clean = vec![0.0; x.len()];
            f.forward(&x, r.get(), &mut clean);
            let (b, c) = (1, 2);
            x[at(&f, 3, &f.input, b, c, 5)] = f32::NAN;
            let mut y = vec![0.0; x.len()];
            f.forward(&x, r.get(), &mut y);
            for (entry, channel) in (0..12).map(|i| (i / 3, i % 3)) {
                for i in 0..f.output.area() {
                    let place = at(&f, 3, &f.output, entry, channel, i);
                    match (entry, channel) == (b, c) {
                        true => assert!(y[place].is_nan()),
                        false => assert_eq!(y[place], clean[place]),
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "filter output: 5 samples starting at 4 do not fit a grid of 8")]
fn a_placement_outside_the_grid_is_reported() {
    let f = SpectralFilter {
        output: Placement {
            start: [0, 4],
            size: [8, 5],
        },
        ..whole(1, 1, [8, 8])
    };
    f.forward(&[0.0; 64], Owned::<f32>::noise(40, 1).get(), &mut [0.0; 40]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_shape_matches_the_definition(
        batch in 1_usize..6, groups in 1_usize..20, multiplier in 1_usize..4, terms in 1_usize..4,
        grid in prop::array::uniform2(1_usize..18), last in any::<bool>(), seed in any::<u64>()
    ) {
        let layout = LAYOUTS[usize::from(last)];
        let (multiplier, terms) = if last { (1, 1) } else { (multiplier, terms) };
        let conjugate = CONJUGATES[(seed % 3) as usize];
        check::<f64>(&SpectralFilter { multiplier, terms, layout, conjugate, ..whole(batch, groups, grid) }, seed >> 8);
    }
}
