//! The rectified stack and its adjoints, compared with loops in `f64`, whose gradients are checked by finite
//! differences.

mod common;

use common::{Number, Owned, noise, relative_error, widen};
use proptest::prelude::*;
use spectral_kernels::{DenseGradients, DenseHead, RectifiedStack};

type Pair = (f64, f64);

fn pairs<T: Number>(x: &Owned<T>) -> Vec<Pair> {
    let (re, im) = x.wide();
    re.into_iter().zip(im).collect()
}

fn flat(z: &[Pair]) -> Vec<f64> {
    z.iter().map(|z| z.0).chain(z.iter().map(|z| z.1)).collect()
}

fn times(a: Pair, b: Pair) -> Pair {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// The layers' inputs at one entry and bin, and the last layer's products, by definition.
fn layers(stack: &RectifiedStack, s: Pair, r: &[Pair], k: usize) -> (Vec<Pair>, Vec<Pair>) {
    let (mut inputs, mut products, mut first) = (vec![s], vec![], 0);
    for filters in stack.filters {
        let s = *inputs.last().unwrap();
        products = (first..first + filters)
            .map(|o| times(s, r[o * stack.bins + k]))
            .collect();
        let sum = products.iter().fold((0.0, 0.0), |sum, p| {
            (sum.0 + p.0.max(0.0), sum.1 + p.1.max(0.0))
        });
        inputs.push(sum);
        first += filters;
    }
    inputs.pop();
    (inputs, products)
}

fn naive_forward(stack: &RectifiedStack, s: &[Pair], r: &[Pair]) -> Vec<f64> {
    let mut y = vec![f64::NAN; stack.output_len()];
    let half = stack.features() / 2;
    for b in 0..stack.batch {
        for k in 0..stack.bins {
            let (_, products) = layers(stack, s[b * stack.bins + k], r, k);
            for (o, p) in products.into_iter().enumerate() {
                let at = 2 * b * half + o * stack.bins + k;
                (y[at], y[at + half]) = (p.0.max(0.0), p.1.max(0.0));
            }
        }
    }
    y
}

/// The gradients with respect to input and responses, by the chain rule for one bin and filter at a time.
fn naive_adjoint(stack: &RectifiedStack, s: &[Pair], r: &[Pair], gy: &[f64]) -> [Vec<f64>; 2] {
    let mut gs = vec![(0.0, 0.0); s.len()];
    let mut gr = vec![(0.0, 0.0); r.len()];
    let half = stack.features() / 2;
    for b in 0..stack.batch {
        for k in 0..stack.bins {
            let (inputs, products) = layers(stack, s[b * stack.bins + k], r, k);
            let mut down: Vec<Pair> = (0..products.len())
                .map(|o| 2 * b * half + o * stack.bins + k)
                .map(|at| (gy[at], gy[at + half]))
                .collect();
            let mut end: usize = stack.filters.iter().sum();
            for (layer, filters) in stack.filters.iter().enumerate().rev() {
                let (s, mut gradient) = (inputs[layer], (0.0, 0.0));
                for (o, g) in (end - filters..end).zip(&down) {
                    let at = o * stack.bins + k;
                    let p = times(s, r[at]);
                    let kept = |p: f64, g: f64| if p > 0.0 { g } else { 0.0 };
                    let m = (kept(p.0, g.0), kept(p.1, g.1));
                    let own = times((s.0, -s.1), m);
                    let up = times((r[at].0, -r[at].1), m);
                    gr[at] = (gr[at].0 + own.0, gr[at].1 + own.1);
                    gradient = (gradient.0 + up.0, gradient.1 + up.1);
                }
                end -= filters;
                down = vec![gradient; layer.checked_sub(1).map_or(1, |below| stack.filters[below])];
            }
            gs[b * stack.bins + k] = down[0];
        }
    }
    [flat(&gs), flat(&gr)]
}

/// Several consecutive sums of positive terms lose slightly more precision than one.
fn limit<T: Number>() -> f64 {
    4.0 * T::TOLERANCE
}

#[track_caller]
fn close<T: Number>(what: &str, stack: &RectifiedStack, got: &[f64], want: &[f64]) {
    let error = relative_error(got, want);
    assert!(error < limit::<T>(), "{what} of {stack:?}: {error:.3e}");
}

fn check<T: Number>(stack: RectifiedStack, units: usize, seed: u64) {
    let s = Owned::<T>::noise(stack.input_len(), seed);
    let r = Owned::<T>::noise(stack.response_len(), seed + 1);
    let gy = noise::<T>(stack.output_len(), seed + 2);
    let (wide_s, wide_r) = (pairs(&s), pairs(&r));

    let mut y = vec![T::of(f64::NAN); stack.output_len()];
    stack.forward(s.get(), r.get(), &mut y);
    let want = naive_forward(&stack, &wide_s, &wide_r);
    close::<T>("the output", &stack, &widen(&y), &want);

    let mut gs = Owned::unwritten(stack.input_len());
    let mut gr = Owned::unwritten(stack.response_len());
    stack.adjoint(s.get(), r.get(), &gy, Some(gs.set()), gr.set());
    let [egs, egr] = naive_adjoint(&stack, &wide_s, &wide_r, &widen(&gy));
    close::<T>("the input's gradient", &stack, &gs.flat(), &egs);
    close::<T>("the responses' gradient", &stack, &gr.flat(), &egr);
    let mut alone = Owned::unwritten(stack.response_len());
    stack.adjoint(s.get(), r.get(), &gy, None, alone.set());
    assert_eq!(alone.flat(), gr.flat());

    let weight = noise::<T>(stack.features() * units, seed + 3);
    let head = DenseHead {
        units,
        weight: &weight,
    };
    let gsums = noise::<T>(stack.batch * units, seed + 4);
    let mut sums = vec![T::of(f64::NAN); stack.batch * units];
    stack.forward_dense(s.get(), r.get(), &head, &mut sums);
    let features = stack.features();
    let mut esums = vec![0.0; sums.len()];
    // The scale of the rounding errors, since a head's sum may cancel.
    let mut sizes = esums.clone();
    let mut egweight = vec![0.0; weight.len()];
    let mut egy = vec![0.0; want.len()];
    for b in 0..stack.batch {
        for f in 0..features {
            for u in 0..units {
                let (w, g) = (weight[f * units + u].wide(), gsums[b * units + u].wide());
                esums[b * units + u] += w * want[b * features + f];
                sizes[b * units + u] += (w * want[b * features + f]).abs();
                egweight[f * units + u] += g * want[b * features + f];
                egy[b * features + f] += g * w;
            }
        }
    }
    for ((sum, want), size) in widen(&sums).iter().zip(&esums).zip(&sizes) {
        let error = (sum - want).abs();
        assert!(
            error <= limit::<T>() * size,
            "a head's sum of {stack:?}: {error:.3e} of {size}"
        );
    }
    let (mut gs, mut gr) = (
        Owned::unwritten(stack.input_len()),
        Owned::unwritten(stack.response_len()),
    );
    let mut gweight = vec![T::of(f64::NAN); weight.len()];
    stack.adjoint_dense(
        s.get(),
        r.get(),
        &head,
        DenseGradients {
            sums: &gsums,
            weight: &mut gweight,
        },
        Some(gs.set()),
        gr.set(),
    );
    let [egs, egr] = naive_adjoint(&stack, &wide_s, &wide_r, &egy);
    close::<T>("the input's gradient, headed", &stack, &gs.flat(), &egs);
    close::<T>("the responses' gradient, headed", &stack, &gr.flat(), &egr);
    close::<T>("the weights' gradient", &stack, &widen(&gweight), &egweight);
}

fn stack(batch: usize, filters: &[usize], bins: usize) -> RectifiedStack<'_> {
    RectifiedStack {
        batch,
        filters,
        bins,
    }
}

#[test]
fn stacks_of_every_depth_match_the_loops_at_any_number_of_bins() {
    for bins in [1, 7, 16, 28, 33, 77, 150] {
        for (batch, filters) in [
            (1, &[1][..]),
            (3, &[6]),
            (4, &[2, 3]),
            (7, &[1, 1, 1]),
            (5, &[6, 6, 6, 6]),
            (2, &[6, 6, 12, 12, 24, 24]),
        ] {
            for units in [1, 2, 5] {
                check::<f32>(stack(batch, filters, bins), units, 1);
                check::<f64>(stack(batch, filters, bins), units, 2);
            }
        }
    }
}

#[test]
fn the_loops_have_the_gradients_of_finite_differences() {
    let stack = stack(2, &[3, 2, 4], 5);
    let s = pairs(&Owned::<f64>::noise(stack.input_len(), 1));
    let r = pairs(&Owned::<f64>::noise(stack.response_len(), 2));
    let gy: Vec<f64> = noise(stack.output_len(), 3);
    let loss = |s: &[Pair], r: &[Pair]| -> f64 {
        naive_forward(&stack, s, r)
            .iter()
            .zip(&gy)
            .map(|(y, g)| y * g)
            .sum()
    };
    let step = 1e-6;
    let slopes = |z: &[Pair], loss: &dyn Fn(&[Pair]) -> f64| -> Vec<f64> {
        let slope = |i: usize, d: Pair| {
            let at = |sign: f64| {
                let mut z = z.to_vec();
                (z[i].0, z[i].1) = (z[i].0 + sign * d.0, z[i].1 + sign * d.1);
                loss(&z)
            };
            (at(1.0) - at(-1.0)) / (2.0 * step)
        };
        let re = (0..z.len()).map(|i| slope(i, (step, 0.0)));
        let im = (0..z.len()).map(|i| slope(i, (0.0, step)));
        re.chain(im).collect()
    };
    let [gs, gr] = naive_adjoint(&stack, &s, &r, &gy);
    assert!(relative_error(&gs, &slopes(&s, &|s| loss(s, &r))) < 1e-8);
    assert!(relative_error(&gr, &slopes(&r, &|r| loss(&s, r))) < 1e-8);
}

#[test]
fn gradients_are_zero_where_a_product_is_zero() {
    let stack = stack(1, &[1], 1);
    let (s, r) = (
        Owned {
            re: vec![1.0],
            im: vec![0.0],
        },
        Owned {
            re: vec![2.0],
            im: vec![0.0],
        },
    );
    let (mut gs, mut gr) = (Owned::<f32>::unwritten(1), Owned::unwritten(1));
    stack.adjoint(s.get(), r.get(), &[1.0, 1.0], Some(gs.set()), gr.set());
    assert_eq!((gs.flat(), gr.flat()), (vec![2.0, 0.0], vec![1.0, 0.0]));
}

#[test]
fn nan_is_not_hidden() {
    let stack = stack(1, &[2, 1], 1);
    let s = Owned {
        re: vec![f32::NAN],
        im: vec![0.0],
    };
    let mut y = vec![0.0; 2];
    stack.forward(s.get(), Owned::noise(3, 1).get(), &mut y);
    assert!(y.iter().all(|y| y.is_nan()), "{y:?}");
}

#[test]
fn without_entries_the_responses_gradient_is_zero() {
    let stack = stack(0, &[2, 3], 20);
    let none = Owned::<f32>::noise(0, 1);
    let r = Owned::noise(stack.response_len(), 2);
    let mut gr = Owned::unwritten(stack.response_len());
    stack.adjoint(none.get(), r.get(), &[], None, gr.set());
    assert_eq!(gr.flat(), vec![0.0; 200]);
}

#[test]
#[should_panic(expected = "stack responses: expected 6 real elements, got 5")]
fn a_wrong_length_is_reported() {
    let s = Owned::<f32>::noise(2, 1);
    stack(1, &[1, 2], 2).forward(s.get(), Owned::noise(5, 2).get(), &mut [0.0; 8]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_shape_matches_the_loops(
        batch in 1_usize..10, filters in prop::collection::vec(1_usize..8, 1..6), bins in 1_usize..70,
        units in 1_usize..6, seed in any::<u64>()
    ) {
        check::<f64>(stack(batch, &filters, bins), units, seed >> 8);
    }
}
