//! Normal random numbers for noise on every number of a batch, where drawing them is most of the
//! work: a ziggurat (Marsaglia and Tsang, *The ziggurat method for generating random variables*,
//! 2000) on a generator without state to speak of.

use std::sync::LazyLock;

use burn::tensor::{DType, Distribution, Tensor, TensorData};

use crate::ops;

/// Layers of equal area under the density.
const LAYERS: usize = 256;

/// Where the tail begins.
const EDGE: f64 = 3.654_152_885_361_009;

/// Area of a layer under `exp(−x²/2)`.
const AREA: f64 = 0.004_928_673_233_997_087;

/// Right ends of the layers and the density there, from the lowest layer up.
struct Ziggurat {
    ends: [f64; LAYERS + 1],
    heights: [f64; LAYERS + 1],
}

static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(|| {
    let density = |x: f64| (-0.5 * x * x).exp();
    let mut ends = [0.0; LAYERS + 1];
    // The lowest layer is a rectangle that has the area of the tail as well.
    ends[0] = AREA / density(EDGE);
    ends[1] = EDGE;
    for layer in 1..LAYERS - 1 {
        let end = ends[layer];
        ends[layer + 1] = (-2.0 * (AREA / end + density(end)).ln()).sqrt();
    }
    Ziggurat {
        ends,
        heights: ends.map(density),
    }
});

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Generator(u64);

impl Generator {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1).
    fn open(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    fn normal(&mut self, table: &Ziggurat) -> f64 {
        loop {
            let bits = self.bits();
            let layer = (bits % LAYERS as u64) as usize;
            // The upper bits, which the layer does not depend on.
            let place = (bits >> 11) as i64 as f64 * (2.0 / (1u64 << 53) as f64) - 1.0;
            let x = place * table.ends[layer];
            if x.abs() < table.ends[layer + 1] {
                return x;
            }
            if layer == 0 {
                return self.tail().copysign(place);
            }
            let [low, high] = [table.heights[layer], table.heights[layer + 1]];
            if low + self.open() * (high - low) < (-0.5 * x * x).exp() {
                return x;
            }
        }
    }

    /// Beyond the edge.
    fn tail(&mut self) -> f64 {
        loop {
            let beyond = -self.open().ln() / EDGE;
            if -2.0 * self.open().ln() > beyond * beyond {
                return EDGE + beyond;
            }
        }
    }
}

/// Normal numbers of mean one, of the shape, device and precision of `like`.
///
/// On the CPU backend they come from here, seeded by that backend's generator, so that a seeded run
/// stays the same; elsewhere from the backend.
pub(super) fn around_one<const D: usize>(like: &Tensor<D>, deviation: f64) -> Tensor<D> {
    if !ops::has_kernels(like) {
        return like.random_like(Distribution::Normal(1.0, deviation));
    }
    let (dims, device, dtype) = (like.dims(), like.device(), like.dtype());
    let seeds = Tensor::<1>::random(
        [4],
        Distribution::Uniform(0.0, 1.0),
        &device.clone().inner(),
    );
    let seed = seeds.into_data().iter::<f64>().fold(0, |seed: u64, part| {
        (seed << 16) ^ (part * f64::from(1 << 24)) as u64
    });
    let (table, count) = (&*ZIGGURAT, dims.iter().product());
    let mut generator = Generator(seed);
    let mut draw = || generator.normal(table) * deviation + 1.0;
    let data = match dtype {
        DType::F64 => TensorData::new((0..count).map(|_| draw()).collect::<Vec<f64>>(), dims),
        _ => TensorData::new(
            (0..count).map(|_| draw() as f32).collect::<Vec<f32>>(),
            dims,
        ),
    };
    Tensor::from_data(data, (&device, dtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_end_where_the_density_has_its_maximum() {
        let table = &*ZIGGURAT;
        let last = table.ends[LAYERS - 1];
        let top = AREA / last + table.heights[LAYERS - 1];
        assert!((top - 1.0).abs() < 1e-9, "{top}");
        assert!(table.ends.windows(2).all(|pair| pair[0] > pair[1]));
    }

    #[test]
    fn draws_follow_the_normal_distribution() {
        let table = &*ZIGGURAT;
        let mut generator = Generator(1);
        let count = 4_000_000;
        let draws: Vec<f64> = (0..count).map(|_| generator.normal(table)).collect();
        // Five deviations of a count of that probability.
        let near = |what: &str, got: usize, probability: f64| {
            let expected = probability * f64::from(count);
            let limit = 5.0 * (expected * (1.0 - probability)).sqrt();
            assert!(
                (got as f64 - expected).abs() < limit,
                "{what}: {got} for {expected}"
            );
        };
        // The normal distribution function, from tables.
        for (x, below) in [
            (0.0, 0.5),
            (0.25, 0.598_706_325_682_923_7),
            (0.5, 0.691_462_461_274_013),
            (1.0, 0.841_344_746_068_543),
            (1.5, 0.933_192_798_731_141_9),
            (2.0, 0.977_249_868_051_820_8),
            (3.0, 0.998_650_101_968_37),
            (3.5, 0.999_767_370_920_964_5),
            (3.8, 0.999_927_651_956_074_9),
            (4.5, 0.999_996_602_326_875_3),
        ] {
            let got = draws.iter().filter(|&&draw| draw < x).count();
            near(&format!("below {x}"), got, below);
            let got = draws.iter().filter(|&&draw| draw > -x).count();
            near(&format!("above -{x}"), got, below);
        }
        let moment =
            |power| draws.iter().map(|draw| draw.powi(power)).sum::<f64>() / f64::from(count);
        for (power, want, spread) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
        {
            let limit = 5.0 * (spread / f64::from(count)).sqrt();
            let got = moment(power);
            assert!((got - want).abs() < limit, "moment {power}: {got}");
        }
        // One draw says nothing about the next.
        let pairs: f64 = draws.windows(2).map(|pair| pair[0] * pair[1]).sum();
        assert!((pairs / f64::from(count)).abs() < 5.0 / f64::from(count).sqrt());
    }
}
