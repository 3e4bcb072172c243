//! Checks `⟨A x, y⟩ = ⟨x, A* y⟩` for each map and its documented adjoint.

mod common;

use common::{Number, Owned, dot, noise, widen};
use spectral_kernels::{
    Axis, BinWeight, Direction, fft_axis, fftn, half_bins, irfft_axis, irfftn, rfft_axis, rfftn,
};

#[track_caller]
fn assert_equal<T: Number>(what: &str, a: f64, b: f64, scale: f64) {
    assert!(
        (a - b).abs() <= 2.0 * T::TOLERANCE * scale,
        "{what}: {a} and {b}"
    );
}

/// `‖a‖·‖b‖`, which the rounding errors of an inner product are proportional to.
fn magnitude(a: &[f64], b: &[f64]) -> f64 {
    (dot(a, a) * dot(b, b)).sqrt()
}

fn real_pair<T: Number>(batch: usize, sizes: &[usize]) {
    let n = sizes[sizes.len() - 1];
    let points = batch * sizes.iter().product::<usize>();
    let halves = points / n * half_bins(n);
    let s = T::of(0.125);
    let x = noise::<T>(points, 1);
    // Not Hermitian, so that neither self-conjugate bins nor columns are special.
    let y = Owned::<T>::noise(halves, 2);
    for (forward, adjoint) in [
        (BinWeight::One, BinWeight::Halve),
        (BinWeight::Double, BinWeight::One),
    ] {
        let mut ax = Owned::unwritten(halves);
        let mut ay = vec![T::of(f64::NAN); points];
        rfftn(batch, sizes, s, forward, &x, ax.set());
        irfftn(batch, sizes, s, adjoint, y.get(), &mut ay);
        let (ax, y, x, ay) = (ax.flat(), y.flat(), widen(&x), widen(&ay));
        let what = format!("{sizes:?} {forward:?} {adjoint:?}");
        assert_equal::<T>(&what, dot(&ax, &y), dot(&x, &ay), magnitude(&ax, &y));
    }
}

#[test]
fn real_transforms_and_their_weighted_inverses_are_adjoint() {
    for sizes in [
        &[1][..],
        &[2],
        &[7],
        &[12],
        &[257],
        &[1, 1],
        &[4, 6],
        &[5, 6],
        &[6, 7],
        &[13, 11],
        &[28, 28],
        &[131, 2],
        &[3, 4, 5],
        &[4, 3, 6],
        &[2, 1, 8],
    ] {
        for batch in [1, 6] {
            real_pair::<f32>(batch, sizes);
            real_pair::<f64>(batch, sizes);
        }
    }
}

fn real_axis_pair<T: Number>(axis: Axis) {
    let x = noise::<T>(axis.elements(), 3);
    let y = Owned::<T>::noise(axis.half_elements(), 4);
    for (forward, adjoint) in [
        (BinWeight::One, BinWeight::Halve),
        (BinWeight::Double, BinWeight::One),
    ] {
        let mut ax = Owned::unwritten(axis.half_elements());
        let mut ay = vec![T::of(f64::NAN); axis.elements()];
        rfft_axis(axis, T::of(3.0), forward, &x, ax.set());
        irfft_axis(axis, T::of(3.0), adjoint, y.get(), &mut ay);
        let (ax, y, x, ay) = (ax.flat(), y.flat(), widen(&x), widen(&ay));
        assert_equal::<T>(
            &format!("{axis:?}"),
            dot(&ax, &y),
            dot(&x, &ay),
            magnitude(&ax, &y),
        );
    }
}

#[test]
fn real_transforms_along_any_axis_are_adjoint() {
    for (outer, len, inner) in [(2, 9, 5), (3, 8, 1), (1, 10, 33), (17, 5, 2), (2, 1, 3)] {
        real_axis_pair::<f32>(Axis { outer, len, inner });
        real_axis_pair::<f64>(Axis { outer, len, inner });
    }
}

#[test]
fn the_two_directions_of_the_complex_transform_are_adjoint() {
    for sizes in [&[9][..], &[8, 7], &[2, 3, 5]] {
        let points: usize = sizes.iter().product();
        let (x, y) = (
            Owned::<f64>::noise(points, 5),
            Owned::<f64>::noise(points, 6),
        );
        let (mut ax, mut ay) = (Owned::unwritten(points), Owned::unwritten(points));
        fftn(1, sizes, Direction::Forward, 0.5, x.get(), ax.set());
        fftn(1, sizes, Direction::Inverse, 0.5, y.get(), ay.set());
        let (ax, ay, x, y) = (ax.flat(), ay.flat(), x.flat(), y.flat());
        assert_equal::<f64>(
            &format!("{sizes:?}"),
            dot(&ax, &y),
            dot(&x, &ay),
            magnitude(&ax, &y),
        );
    }
    let axis = Axis {
        outer: 3,
        len: 11,
        inner: 4,
    };
    let (x, y) = (Owned::<f32>::noise(132, 7), Owned::<f32>::noise(132, 8));
    let (mut ax, mut ay) = (Owned::unwritten(132), Owned::unwritten(132));
    fft_axis(axis, Direction::Forward, 1.0, x.get(), ax.set());
    fft_axis(axis, Direction::Inverse, 1.0, y.get(), ay.set());
    let (ax, ay, x, y) = (ax.flat(), ay.flat(), x.flat(), y.flat());
    assert_equal::<f32>("axis", dot(&ax, &y), dot(&x, &ay), magnitude(&ax, &y));
}
