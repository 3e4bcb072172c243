//! Pruned real transforms compared with full ones on the same grid, in the same process.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p spectral-kernels --bench pruned`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use spectral_kernels::{BinWeight, Frame, Modes, Planar, PlanarMut, PrunedFft, half_bins};

/// Name, number of planes, grid, and frame and kept modes for both axes.
fn cases() -> Vec<(&'static str, usize, usize, Frame, [Modes; 2])> {
    let all = |n: usize| [Modes::new(n, 0), Modes::new(half_bins(n), 0)];
    let corners = [Modes::new(12, 12), Modes::new(12, 0)];
    let tiles = Frame::new(128, -15, 64).tiled(4, 34);
    vec![
        ("24x12 modes of 64x64", 512, 64, Frame::whole(64), corners),
        (
            "31x31 taps on 160x160",
            128,
            160,
            Frame::new(31, 0, 160),
            all(160),
        ),
        (
            "31x31 taps on 64x64",
            1024,
            64,
            Frame::new(31, 0, 64),
            all(64),
        ),
        (
            "128x128 padded to 160x160",
            64,
            160,
            Frame::new(128, -15, 160),
            all(160),
        ),
        ("64x64 tiles read", 64, 64, tiles.clone(), all(64)),
        (
            "34x34 of 64x64 tiles written",
            64,
            64,
            tiles.clone().live(15..49),
            all(64),
        ),
        ("64x64 tiles added", 64, 64, tiles, all(64)),
    ]
}

fn one_way(criterion: &mut Criterion) {
    for (name, planes, n, frame, modes) in cases() {
        let tiles = frame.tiles * frame.tiles;
        let whole = PrunedFft::new(&[n, n]);
        let pruned = PrunedFft::new(&[n, n])
            .with_frames(&[frame.clone(), frame])
            .with_modes(&modes);
        for (kind, fft, batch) in [
            ("pruned", &pruned, planes),
            ("whole", &whole, planes * tiles),
        ] {
            let mut x = vec![0.5_f32; batch * fft.plane_len()];
            let bins = batch * fft.tiles() * fft.bins();
            let (mut re, mut im) = (vec![0.5_f32; bins], vec![0.5_f32; bins]);
            let mut group = criterion.benchmark_group(name);
            group.bench_function(BenchmarkId::new("rfft2", kind), |bencher| {
                bencher.iter(|| {
                    let (re, im) = (&mut re[..], &mut im[..]);
                    fft.rfftn(
                        batch,
                        1.0,
                        BinWeight::One,
                        black_box(&x),
                        PlanarMut { re, im },
                    );
                });
            });
            group.bench_function(BenchmarkId::new("irfft2", kind), |bencher| {
                bencher.iter(|| {
                    let (re, im) = (&re[..], &im[..]);
                    fft.irfftn(
                        batch,
                        1.0,
                        BinWeight::One,
                        black_box(Planar { re, im }),
                        &mut x,
                    );
                });
            });
            group.finish();
        }
    }
}

criterion_group!(benches, one_way);
criterion_main!(benches);
