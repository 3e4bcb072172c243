//! Checks that all available instruction sets compute the same results. Runs in its own process, since the choice is
//! process-wide.

mod common;

use common::{Number, Owned, assert_close, flat, noise, relative_error, widen};
use spectral_kernels::{
    Axis, BinWeight, BinwiseMatmul, Conjugate, DenseGradients, DenseHead, Direction,
    ExponentialFactors, ExponentialGradients, ExponentialSum, HermitianSpectra, InputGradient,
    InstructionSet, Layout, NormalNoise, Placement, Pointwise, RectifiedStack, ResponseGradient,
    SpectralFilter, fft_axis, half_bins, irfft_axis, irfftn, oracle, rfft_axis, rfftn,
};

fn lines<T: Number>(set: InstructionSet) {
    for n in (1..=64).chain([97, 100, 127, 128, 131, 150, 243, 256, 257, 1000, 1024]) {
        let axis = Axis {
            outer: 5,
            len: n,
            inner: 1,
        };
        let what = format!("{set:?}, length {n}");
        let x = Owned::<T>::noise(axis.elements(), n as u64);
        let (re, im) = x.wide();
        let mut y = Owned::unwritten(axis.elements());
        fft_axis(axis, Direction::Inverse, T::of(1.0), x.get(), y.set());
        assert_close::<T>(
            &what,
            &y.flat(),
            &flat(oracle::dft_nd(5, &[n], true, &re, &im)),
        );
        let mut half = Owned::unwritten(axis.half_elements());
        rfft_axis(axis, T::of(1.0), BinWeight::One, &x.re, half.set());
        assert_close::<T>(
            &what,
            &half.flat(),
            &flat(oracle::real_dft_nd(5, &[n], &re)),
        );
        let mut back = vec![T::of(f64::NAN); axis.elements()];
        irfft_axis(
            axis,
            T::of(1.0 / n as f64),
            BinWeight::One,
            half.get(),
            &mut back,
        );
        assert_close::<T>(&what, &widen(&back), &re);
    }
}

fn images<T: Number>(set: InstructionSet) {
    for sizes in [[7, 7], [28, 28], [5, 30], [33, 18]] {
        let points = sizes[0] * sizes[1];
        let x = noise::<T>(6 * points, 1);
        let mut y = Owned::unwritten(6 * sizes[0] * half_bins(sizes[1]));
        rfftn(6, &sizes, T::of(1.0), BinWeight::One, &x, y.set());
        let what = format!("{set:?}, {sizes:?}");
        assert_close::<T>(
            &what,
            &y.flat(),
            &flat(oracle::real_dft_nd(6, &sizes, &widen(&x))),
        );
        let mut back = vec![T::of(f64::NAN); x.len()];
        irfftn(
            6,
            &sizes,
            T::of(1.0 / points as f64),
            BinWeight::One,
            y.get(),
            &mut back,
        );
        assert_close::<T>(&what, &widen(&back), &widen(&x));
    }
}

/// A binwise matrix product and both adjoints, concatenated.
fn matmul<T: Number>(c: BinwiseMatmul) -> Vec<f64> {
    let [x, r, gy] = [
        (c.input_len(), 1),
        (c.response_len(), 2),
        (c.output_len(), 3),
    ]
    .map(|(len, seed)| Owned::<T>::noise(len, seed));
    let [mut gx, mut gr, mut y] =
        [c.input_len(), c.response_len(), c.output_len()].map(Owned::unwritten);
    c.forward(x.get(), r.get(), y.set());
    c.adjoint_input(gy.get(), r.get(), gx.set());
    c.adjoint_response(x.get(), gy.get(), gr.set());
    [y, gx, gr].iter().flat_map(Owned::flat).collect()
}

/// A stack with a head and all gradients, concatenated.
fn stack<T: Number>() -> Vec<f64> {
    let stack = RectifiedStack {
        batch: 6,
        filters: &[3, 5, 2],
        bins: 37,
    };
    let units = 3;
    let weight = noise::<T>(stack.features() * units, 1);
    let head = DenseHead {
        units,
        weight: &weight,
    };
    let (s, r) = (
        Owned::<T>::noise(stack.input_len(), 2),
        Owned::<T>::noise(stack.response_len(), 3),
    );
    let mut features = vec![T::of(f64::NAN); stack.output_len()];
    stack.forward(s.get(), r.get(), &mut features);
    let mut sums = vec![T::of(f64::NAN); stack.batch * units];
    stack.forward_dense(s.get(), r.get(), &head, &mut sums);
    let mut gs = Owned::unwritten(stack.input_len());
    let mut gr = Owned::unwritten(stack.response_len());
    let mut gweight = vec![T::of(f64::NAN); weight.len()];
    stack.adjoint_dense(
        s.get(),
        r.get(),
        &head,
        DenseGradients {
            sums: &noise::<T>(stack.batch * units, 4),
            weight: &mut gweight,
        },
        Some(gs.set()),
        gr.set(),
    );
    [features, sums, gweight]
        .map(|x| widen(&x))
        .into_iter()
        .chain([gs.flat(), gr.flat()])
        .flatten()
        .collect()
}

/// Filters with all gradients, concatenated.
fn filters<T: Number>() -> Vec<f64> {
    let mut results = vec![];
    for (layout, multiplier) in [(Layout::Planes, 2), (Layout::ChannelsLast, 1)] {
        for grid in [[14, 14], [9, 15]] {
            let f = SpectralFilter {
                multiplier,
                layout,
                input: Placement {
                    start: [2, 1],
                    size: [7, 11],
                },
                ..SpectralFilter::depthwise(3, 21, grid)
            };
            let (x, gy) = (noise::<T>(f.input_len(), 1), noise(f.output_len(), 2));
            let r = Owned::noise(f.response_len(), 3);
            let mut y = vec![T::of(f64::NAN); f.output_len()];
            let mut gx = vec![T::of(f64::NAN); f.input_len()];
            let mut gr = Owned::unwritten(f.response_len());
            f.forward(&x, r.get(), &mut y);
            let input = InputGradient {
                response: r.get(),
                gradient: &mut gx,
            };
            let response = ResponseGradient {
                input: &x,
                gradient: gr.set(),
            };
            f.adjoint(&gy, Some(input), Some(response));
            results.extend([widen(&y), widen(&gx), gr.flat()].concat());
        }
    }
    results
}

/// Pointwise convolutions with all gradients, concatenated.
fn pointwise<T: Number>() -> Vec<f64> {
    let mut results = vec![];
    for (reversed, in_per_group, out_per_group) in [(false, 5, 19), (true, 19, 6)] {
        let p = Pointwise {
            batch: 3,
            groups: 2,
            in_per_group,
            out_per_group,
            sizes: &[7, 11],
            reversed,
        };
        let (x, gy) = (noise::<T>(p.input_len(), 1), noise::<T>(p.output_len(), 2));
        let w = noise::<T>(p.weight_len(), 3);
        let unwritten = |len: usize| vec![T::of(f64::NAN); len];
        let mut got = [p.output_len(), p.input_len(), p.weight_len()].map(unwritten);
        p.forward(&x, &w, &mut got[0]);
        p.adjoint_input(&gy, &w, &mut got[1]);
        p.adjoint_weight(&x, &gy, &mut got[2]);
        results.extend(got.iter().flat_map(|part| widen(part)));
    }
    results
}

/// Sums of exponentials with all gradients, concatenated.
fn exponentials<T: Number>() -> Vec<f64> {
    let sum = ExponentialSum {
        filters: 3,
        terms: 2,
        rows: 7,
        columns: 37,
    };
    let [scale, rows, columns] = [sum.scale_len(), sum.rows_len(), sum.columns_len()];
    let factors = [noise::<T>(scale, 1), noise(rows, 2), noise(columns, 3)];
    let factors = ExponentialFactors {
        scale: &factors[0],
        rows: &factors[1],
        columns: &factors[2],
    };
    let gy = noise::<T>(sum.output_len(), 4);
    let unwritten = |len: usize| vec![T::of(f64::NAN); len];
    let mut got = [sum.output_len(), scale, rows, columns].map(unwritten);
    let [y, scale, rows, columns] = &mut got;
    let gradients = ExponentialGradients {
        scale,
        rows,
        columns,
    };
    sum.forward(factors, y);
    sum.adjoint(factors, &gy, gradients);
    got.iter().flat_map(|part| widen(part)).collect()
}

/// Noise and Hermitian maps, which contain no sums: equal for all instruction sets, except for fused multiply-adds.
fn maps<T: Number>() -> Vec<f64> {
    let spectra = HermitianSpectra {
        count: 3,
        size: [7, 37],
    };
    let x = Owned::<T>::noise(spectra.full_len(), 11);
    let mut half = Owned::unwritten(spectra.half_len());
    spectra.symmetrize(T::of(0.5), x.get(), half.set());
    let mut full = Owned::unwritten(spectra.full_len());
    spectra.complete(T::of(1.0), half.get(), full.set());
    let noise = NormalNoise {
        seed: 3,
        deviation: 0.25,
    };
    let mut noisy = vec![T::of(f64::NAN); x.re.len()];
    noise.multiply(&x.re, &mut noisy);
    [half.flat(), full.flat(), widen(&noisy)].concat()
}

#[test]
fn every_available_instruction_set_gives_accurate_results() {
    let c = BinwiseMatmul {
        batch: 5,
        groups: 2,
        in_per_group: 9,
        out_per_group: 3,
        bins: 37,
        conjugate: Conjugate::Response,
    };
    let depthwise = BinwiseMatmul {
        in_per_group: 1,
        out_per_group: 1,
        ..c
    };
    // Few frequencies; in the last case too many to be kept adjacent by any but the widest instruction set.
    let few = [(1, 3), (2, 2), (3, 20)].map(|(batch, bins)| BinwiseMatmul {
        batch: batch * 19,
        groups: 1,
        in_per_group: 37,
        out_per_group: 290 / batch,
        bins,
        ..c
    });
    let matmuls = [c, depthwise, few[0], few[1], few[2]];
    InstructionSet::force(Some(InstructionSet::Portable));
    let reference = matmuls.map(|c| (matmul::<f32>(c), matmul::<f64>(c)));
    let stacks = (stack::<f32>(), stack::<f64>());
    let filtered = (filters::<f32>(), filters::<f64>());
    let mixed = (pointwise::<f32>(), pointwise::<f64>());
    let mapped = (maps::<f32>(), maps::<f64>());
    let surfaces = (exponentials::<f32>(), exponentials::<f64>());
    for &set in InstructionSet::available() {
        InstructionSet::force(Some(set));
        assert!(relative_error(&exponentials::<f32>(), &surfaces.0) < f32::TOLERANCE);
        assert!(relative_error(&exponentials::<f64>(), &surfaces.1) < f64::TOLERANCE);
        assert!(relative_error(&maps::<f32>(), &mapped.0) < f32::TOLERANCE);
        // The noise has single precision for both number types.
        assert!(relative_error(&maps::<f64>(), &mapped.1) < f32::TOLERANCE);
        assert!(relative_error(&stack::<f32>(), &stacks.0) < f32::TOLERANCE);
        assert!(relative_error(&stack::<f64>(), &stacks.1) < f64::TOLERANCE);
        assert!(relative_error(&filters::<f32>(), &filtered.0) < f32::TOLERANCE);
        assert!(relative_error(&filters::<f64>(), &filtered.1) < f64::TOLERANCE);
        assert!(relative_error(&pointwise::<f32>(), &mixed.0) < f32::TOLERANCE);
        assert!(relative_error(&pointwise::<f64>(), &mixed.1) < f64::TOLERANCE);
        assert_eq!(InstructionSet::current(), set);
        lines::<f32>(set);
        lines::<f64>(set);
        images::<f32>(set);
        images::<f64>(set);
        for (c, (single, double)) in matmuls.into_iter().zip(&reference) {
            assert!(
                relative_error(&matmul::<f32>(c), single) < f32::TOLERANCE,
                "{set:?} {c:?}"
            );
            assert!(
                relative_error(&matmul::<f64>(c), double) < f64::TOLERANCE,
                "{set:?} {c:?}"
            );
        }
    }
    InstructionSet::force(None);
}
