//! Binwise matrix products and their adjoints, compared with loops in `f64`.

mod common;

use common::{Number, Owned, assert_close, dot, relative_error};
use proptest::prelude::*;
use spectral_kernels::{BinwiseMatmul, Conjugate};

const CONJUGATES: [Conjugate; 3] = [Conjugate::None, Conjugate::Response, Conjugate::Input];

type Pair = (f64, f64);

fn conj(a: Pair) -> Pair {
    (a.0, -a.1)
}

fn times(a: Pair, b: Pair) -> Pair {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// Calls `visit(x index, r index, y index)` for every term of the sum.
fn terms(c: &BinwiseMatmul, mut visit: impl FnMut(usize, usize, usize)) {
    for b in 0..c.batch {
        for g in 0..c.groups {
            for o in 0..c.out_per_group {
                for i in 0..c.in_per_group {
                    for k in 0..c.bins {
                        visit(
                            ((b * c.groups + g) * c.in_per_group + i) * c.bins + k,
                            ((g * c.out_per_group + o) * c.in_per_group + i) * c.bins + k,
                            ((b * c.groups + g) * c.out_per_group + o) * c.bins + k,
                        );
                    }
                }
            }
        }
    }
}

/// The output, the input gradient and the response gradient, by their definitions.
fn naive(c: &BinwiseMatmul, x: &[Pair], r: &[Pair], gy: &[Pair]) -> [Vec<f64>; 3] {
    let mut y = vec![(0.0, 0.0); c.output_len()];
    let mut gx = vec![(0.0, 0.0); c.input_len()];
    let mut gr = vec![(0.0, 0.0); c.response_len()];
    let add = |to: &mut Pair, v: Pair| *to = (to.0 + v.0, to.1 + v.1);
    terms(c, |xi, ri, yi| {
        let (x, r, g) = (x[xi], r[ri], gy[yi]);
        let (forward, input, response) = match c.conjugate {
            Conjugate::None => (times(r, x), times(conj(r), g), times(conj(x), g)),
            Conjugate::Response => (times(conj(r), x), times(r, g), times(x, conj(g))),
            Conjugate::Input => (times(r, conj(x)), times(r, conj(g)), times(x, g)),
        };
        add(&mut y[yi], forward);
        add(&mut gx[xi], input);
        add(&mut gr[ri], response);
    });
    [y, gx, gr].map(|v| v.iter().map(|p| p.0).chain(v.iter().map(|p| p.1)).collect())
}

fn pairs<T: Number>(x: &Owned<T>) -> Vec<Pair> {
    x.re.iter()
        .zip(&x.im)
        .map(|(re, im)| (re.wide(), im.wide()))
        .collect()
}

fn check<T: Number>(c: &BinwiseMatmul, seed: u64) {
    let x = Owned::<T>::noise(c.input_len(), seed);
    let r = Owned::<T>::noise(c.response_len(), seed + 1);
    let gy = Owned::<T>::noise(c.output_len(), seed + 2);
    let mut y = Owned::unwritten(c.output_len());
    let mut gx = Owned::unwritten(c.input_len());
    let mut gr = Owned::unwritten(c.response_len());
    c.forward(x.get(), r.get(), y.set());
    c.adjoint_input(gy.get(), r.get(), gx.set());
    c.adjoint_response(x.get(), gy.get(), gr.set());
    let [ey, egx, egr] = naive(c, &pairs(&x), &pairs(&r), &pairs(&gy));
    for (what, got, expected) in [("y", &y, ey), ("gx", &gx, egx), ("gr", &gr, egr)] {
        let error = relative_error(&got.flat(), &expected);
        assert!(error < T::TOLERANCE, "{what} of {c:?}: {error:.3e}");
    }
    let (y, gy, x, gx, r, gr) = (
        y.flat(),
        gy.flat(),
        x.flat(),
        gx.flat(),
        r.flat(),
        gr.flat(),
    );
    let inner = dot(&y, &gy);
    let bound = 2.0 * T::TOLERANCE * (dot(&y, &y) * dot(&gy, &gy)).sqrt();
    assert!(
        (inner - dot(&x, &gx)).abs() <= bound,
        "the input's adjoint of {c:?}"
    );
    assert!(
        (inner - dot(&r, &gr)).abs() <= bound,
        "the response's adjoint of {c:?}"
    );
}

#[test]
fn every_coupling_and_conjugate_matches_the_loops_at_odd_numbers_of_bins() {
    for conjugate in CONJUGATES {
        for bins in [1, 7, 17, 33, 64, 150] {
            for (batch, groups, in_per_group, out_per_group) in [
                (1, 1, 1, 1),
                (3, 1, 5, 4),
                (5, 1, 2, 7),
                (4, 1, 1, 6),
                (4, 1, 6, 1),
                (1, 1, 9, 5),
                (9, 6, 1, 1),
                (3, 2, 3, 5),
                (7, 1, 16, 17),
            ] {
                let c = BinwiseMatmul {
                    batch,
                    groups,
                    in_per_group,
                    out_per_group,
                    bins,
                    conjugate,
                };
                check::<f32>(&c, 1);
                check::<f64>(&c, 2);
            }
        }
    }
}

#[test]
fn sums_longer_than_a_register_block_are_complete() {
    for conjugate in CONJUGATES {
        let c = BinwiseMatmul {
            batch: 70,
            groups: 1,
            in_per_group: 67,
            out_per_group: 130,
            bins: 19,
            conjugate,
        };
        check::<f32>(&c, 5);
        let c = BinwiseMatmul {
            batch: 5,
            groups: 2,
            in_per_group: 150,
            out_per_group: 3,
            bins: 40,
            conjugate,
        };
        check::<f64>(&c, 6);
    }
}

#[test]
fn few_frequencies_of_many_channels_match_the_loops() {
    for conjugate in CONJUGATES {
        for (batch, groups, in_per_group, out_per_group, bins) in [
            (64, 1, 35, 33, 4),
            (33, 1, 41, 130, 1),
            (5, 1, 45, 37, 3),
            (2, 1, 67, 64, 5),
            (1, 1, 66, 65, 2),
            (70, 3, 17, 19, 7),
            (37, 1, 23, 29, 12),
            (40, 1, 33, 34, 16),
            (40, 1, 31, 36, 19),
            (50, 1, 40, 48, 26),
            // Sums that are split into several parts.
            (7, 1, 300, 35, 3),
            (65, 1, 265, 37, 2),
            (130, 2, 18, 40, 17),
        ] {
            let c = BinwiseMatmul {
                batch,
                groups,
                in_per_group,
                out_per_group,
                bins,
                conjugate,
            };
            check::<f32>(&c, 7);
            check::<f64>(&c, 8);
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let conjugate = Conjugate::None;
    for (in_per_group, out_per_group, bins) in [(300, 130, 3), (64, 48, 33)] {
        let c = BinwiseMatmul {
            batch: 70,
            groups: 1,
            in_per_group,
            out_per_group,
            bins,
            conjugate,
        };
        let [x, r, gy] = [c.input_len(), c.response_len(), c.output_len()]
            .map(|len| Owned::<f32>::noise(len, len as u64));
        let all = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                let [mut gx, mut gr, mut y] = [&x, &r, &gy].map(|v| Owned::unwritten(v.re.len()));
                c.forward(x.get(), r.get(), y.set());
                c.adjoint_input(gy.get(), r.get(), gx.set());
                c.adjoint_response(x.get(), gy.get(), gr.set());
                [y.flat(), gx.flat(), gr.flat()]
            })
        };
        assert!(all(1) == all(3), "{c:?}");
    }
}

#[test]
fn without_inputs_the_output_is_zero() {
    let conjugate = Conjugate::None;
    let c = BinwiseMatmul {
        batch: 2,
        groups: 1,
        in_per_group: 0,
        out_per_group: 3,
        bins: 4,
        conjugate,
    };
    let none = Owned::<f32>::noise(0, 1);
    let mut y = Owned::unwritten(24);
    c.forward(none.get(), none.get(), y.set());
    assert_eq!(y.flat(), [0.0; 48]);
}

#[test]
#[should_panic(expected = "binwise matmul response: expected 12 real elements, got 11")]
fn a_wrong_length_is_reported() {
    let conjugate = Conjugate::None;
    let c = BinwiseMatmul {
        batch: 1,
        groups: 1,
        in_per_group: 2,
        out_per_group: 3,
        bins: 2,
        conjugate,
    };
    let mut y = Owned::<f32>::unwritten(6);
    c.forward(Owned::noise(4, 1).get(), Owned::noise(11, 2).get(), y.set());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_shape_matches_the_loops(
        batch in 1_usize..10, groups in 1_usize..4, in_per_group in 1_usize..10, out_per_group in 1_usize..10,
        bins in 1_usize..70, conjugate in 0_usize..3, seed in any::<u64>()
    ) {
        let conjugate = CONJUGATES[conjugate];
        check::<f32>(&BinwiseMatmul { batch, groups, in_per_group, out_per_group, bins, conjugate }, seed >> 8);
    }
}

/// Converts `[batch, channels, tiles, bins]` to entries `[batch·tiles, channels, bins]`.
fn tiles_as_entries(x: &Owned<f64>, [channels, tiles, bins]: [usize; 3]) -> Owned<f64> {
    let order = |part: &[f64]| -> Vec<f64> {
        let entries = part.len() / (channels * tiles * bins);
        let mut out = Vec::new();
        for (entry, tile) in (0..entries).flat_map(|e| (0..tiles).map(move |t| (e, t))) {
            for channel in 0..channels {
                let at = ((entry * channels + channel) * tiles + tile) * bins;
                out.extend_from_slice(&part[at..at + bins]);
            }
        }
        out
    };
    Owned {
        re: order(&x.re),
        im: order(&x.im),
    }
}

#[test]
fn tiles_equal_batch_entries_in_another_order() {
    let tiles = 3;
    for (groups, in_per_group, out_per_group, bins) in [
        (1, 5, 4, 21),
        (2, 3, 2, 21),
        (4, 1, 1, 21),
        (1, 40, 37, 3),
        (2, 33, 50, 5),
        (1, 34, 35, 20),
    ] {
        let c = BinwiseMatmul {
            batch: 11,
            groups,
            in_per_group,
            out_per_group,
            bins,
            conjugate: Conjugate::Response,
        };
        let entries = BinwiseMatmul {
            batch: 11 * tiles,
            ..c
        };
        let [inputs, outputs] = [in_per_group, out_per_group].map(|n| [groups * n, tiles, c.bins]);
        let x = Owned::<f64>::noise(entries.input_len(), 1);
        let gy = Owned::<f64>::noise(entries.output_len(), 2);
        let r = Owned::<f64>::noise(c.response_len(), 3);
        let (flat_x, flat_gy) = (tiles_as_entries(&x, inputs), tiles_as_entries(&gy, outputs));

        let (mut y, mut want) = (Owned::unwritten(gy.re.len()), Owned::unwritten(gy.re.len()));
        c.tiled(tiles).forward(x.get(), r.get(), y.set());
        entries.forward(flat_x.get(), r.get(), want.set());
        assert_close::<f64>(
            "forward",
            &tiles_as_entries(&y, outputs).flat(),
            &want.flat(),
        );

        let (mut gx, mut want) = (Owned::unwritten(x.re.len()), Owned::unwritten(x.re.len()));
        c.tiled(tiles).adjoint_input(gy.get(), r.get(), gx.set());
        entries.adjoint_input(flat_gy.get(), r.get(), want.set());
        assert_close::<f64>("input", &tiles_as_entries(&gx, inputs).flat(), &want.flat());

        let (mut gr, mut want) = (Owned::unwritten(r.re.len()), Owned::unwritten(r.re.len()));
        c.tiled(tiles).adjoint_response(x.get(), gy.get(), gr.set());
        entries.adjoint_response(flat_x.get(), flat_gy.get(), want.set());
        assert_close::<f64>("response", &gr.flat(), &want.flat());
    }
}
