//! The pointwise convolution and its adjoints, compared with sums in `f64`.

mod common;

use common::{Number, noise, widen};
use proptest::prelude::*;
use spectral_kernels::Pointwise;

/// Offset of the sample with every index negated.
fn mirror(sizes: &[usize], n: usize) -> usize {
    let (mut rest, mut stride, mut at) = (n, 1, 0);
    for size in sizes.iter().rev() {
        at += (size - rest % size) % size * stride;
        rest /= size;
        stride *= size;
    }
    at
}

/// Calls `term` with the offsets in weight, input and output of each product of the sum.
fn each_product(p: &Pointwise, mut term: impl FnMut(usize, usize, usize)) {
    let (inputs, outputs, samples) = (p.in_per_group, p.out_per_group, p.samples());
    for plane in 0..p.batch * p.groups {
        for o in 0..outputs {
            for i in 0..inputs {
                for n in 0..samples {
                    let from = if p.reversed { mirror(p.sizes, n) } else { n };
                    term(
                        (plane % p.groups * outputs + o) * inputs + i,
                        (plane * inputs + i) * samples + from,
                        (plane * outputs + o) * samples + n,
                    );
                }
            }
        }
    }
}

fn check<T: Number>(p: Pointwise) {
    let x = noise::<T>(p.input_len(), 1);
    let w = noise::<T>(p.weight_len(), 2);
    let gy = noise::<T>(p.output_len(), 3);
    let (xs, ws, gys) = (widen(&x), widen(&w), widen(&gy));
    let lens = [gys.len(), xs.len(), ws.len()];
    let mut expected = lens.map(|len| vec![0.0; len]);
    // The scale of the rounding errors, since the sum itself may cancel.
    let mut size = expected.clone();
    each_product(&p, |w, x, y| {
        let terms = [ws[w] * xs[x], ws[w] * gys[y], xs[x] * gys[y]];
        for (part, (at, term)) in [y, x, w].into_iter().zip(terms).enumerate() {
            expected[part][at] += term;
            size[part][at] += term.abs();
        }
    });
    let unwritten = |len: usize| vec![T::of(f64::NAN); len];
    let mut got = lens.map(unwritten);
    p.forward(&x, &w, &mut got[0]);
    p.adjoint_input(&gy, &w, &mut got[1]);
    p.adjoint_weight(&x, &gy, &mut got[2]);
    for (part, what) in ["y", "gx", "gw"].into_iter().enumerate() {
        for (at, got) in got[part].iter().enumerate() {
            let error = (got.wide() - expected[part][at]).abs();
            let allowed = T::TOLERANCE * size[part][at];
            assert!(
                error <= allowed,
                "{what}[{at}] of {p:?}: {error:.1e} > {allowed:.1e}"
            );
        }
    }
}

#[test]
fn channels_and_sizes_of_every_kind() {
    for (batch, groups, inputs, outputs) in [
        (64, 1, 16, 32),
        (1, 1, 1, 1),
        (3, 2, 5, 7),
        (2, 3, 17, 1),
        (5, 1, 1, 16),
        (1, 1, 300, 33),
    ] {
        for sizes in [&[7, 7][..], &[1], &[97], &[14, 14], &[2, 3, 5], &[1, 40]] {
            for reversed in [false, true] {
                let (in_per_group, out_per_group) = (inputs, outputs);
                let p = Pointwise {
                    batch,
                    groups,
                    in_per_group,
                    out_per_group,
                    sizes,
                    reversed,
                };
                check::<f32>(p);
                check::<f64>(p);
            }
        }
    }
}

#[test]
fn more_samples_than_a_panel_holds() {
    for reversed in [false, true] {
        let sizes = &[61, 83][..];
        check::<f32>(Pointwise {
            batch: 2,
            groups: 1,
            in_per_group: 67,
            out_per_group: 9,
            sizes,
            reversed,
        });
        check::<f64>(Pointwise {
            batch: 2,
            groups: 1,
            in_per_group: 3,
            out_per_group: 70,
            sizes,
            reversed,
        });
    }
}

#[test]
fn an_empty_batch_gives_no_output_and_no_gradient() {
    let p = Pointwise {
        batch: 0,
        groups: 1,
        in_per_group: 2,
        out_per_group: 3,
        sizes: &[4],
        reversed: false,
    };
    p.forward::<f32>(&[], &[1.0; 6], &mut []);
    let mut gw = [f32::NAN; 6];
    p.adjoint_weight(&[], &[], &mut gw);
    assert_eq!(gw, [0.0; 6]);
}

#[test]
#[should_panic(expected = "pointwise convolution, weight")]
fn a_weight_of_the_wrong_length_is_rejected() {
    let p = Pointwise {
        batch: 1,
        groups: 1,
        in_per_group: 2,
        out_per_group: 3,
        sizes: &[4],
        reversed: false,
    };
    p.forward::<f32>(&[0.0; 8], &[1.0; 5], &mut [0.0; 12]);
}

proptest! {
    #[test]
    fn any_shape(batch in 1_usize..4, groups in 1_usize..3, inputs in 1_usize..20, outputs in 1_usize..20,
                 rows in 1_usize..12, columns in 1_usize..40, reversed: bool) {
        let sizes = [rows, columns];
        check::<f32>(Pointwise {
            batch, groups, in_per_group: inputs, out_per_group: outputs, sizes: &sizes, reversed,
        });
    }
}
