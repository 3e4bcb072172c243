//! Optimizer steps are bitwise identical for every instruction set and any number of threads. Runs in its own process,
//! since the choice of the instruction set is process-wide.

mod common;

use common::{Number, noise, widen};
use fused_layers::InstructionSet;
use fused_layers::kernels::{AdamMoments, AdamStep, RmsPropAverages, RmsPropStep, SgdStep};

/// Large enough to be split among threads, and not a multiple of a vector.
const LEN: usize = 200_003;

/// Two steps of each rule with all of its state, concatenated.
fn steps<T: Number>(start: &[T], gradients: &[Vec<T>; 2]) -> Vec<T> {
    let zeros = || vec![T::of(0.0); LEN];
    let mut results = vec![];
    for keep in [false, true] {
        let mut w = start.to_vec();
        let [mut m, mut v, mut s] = [zeros(), zeros(), zeros()];
        let adam = AdamStep {
            mean: [0.9, 0.1],
            square: [0.99, 0.01],
            rate: 0.03,
            epsilon: 1e-6,
            penalty: 0.01,
            decay: 0.99,
        };
        for gradient in gradients {
            let moments = AdamMoments {
                mean: &mut m,
                square: &mut v,
                largest: keep.then_some(&mut s[..]),
            };
            adam.update(&mut w, gradient, moments);
        }
        results.extend([w, m, v, s]);

        let (mut w, mut u) = (start.to_vec(), zeros());
        let sgd = SgdStep {
            velocity: [0.9, 0.8],
            look_ahead: [0.9, 1.0],
            rate: 0.03,
            penalty: 0.01,
        };
        for gradient in gradients {
            sgd.update(&mut w, gradient, keep.then_some(&mut u[..]));
        }
        results.extend([w, u]);

        let mut w = start.to_vec();
        let [mut v, mut a, mut u] = [zeros(), zeros(), zeros()];
        let rms = RmsPropStep {
            average: [0.9, 0.1],
            momentum: 0.9,
            rate: 0.03,
            epsilon: 0.1,
            penalty: 0.01,
        };
        for gradient in gradients {
            let averages = RmsPropAverages {
                square: &mut v,
                mean: keep.then_some(&mut a[..]),
                update: keep.then_some(&mut u[..]),
            };
            rms.update(&mut w, gradient, averages);
        }
        results.extend([w, v, a, u]);
    }
    results.concat()
}

fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}

fn agree<T: Number + PartialEq>() {
    let (start, gradients) = (noise::<T>(LEN, 1), [noise(LEN, 2), noise(LEN, 3)]);
    let run = |threads| with_threads(threads, || steps::<T>(&start, &gradients));
    InstructionSet::force(Some(InstructionSet::Portable));
    let expected = run(1);
    assert!(widen(&expected).iter().all(|x| x.is_finite()));
    for &set in InstructionSet::available() {
        InstructionSet::force(Some(set));
        for threads in [1, 2, 3] {
            assert!(run(threads) == expected, "{set:?}, {threads} threads");
        }
    }
    InstructionSet::force(None);
}

#[test]
fn instruction_sets_and_threads_do_not_change_a_bit() {
    agree::<f32>();
    agree::<f64>();
}
