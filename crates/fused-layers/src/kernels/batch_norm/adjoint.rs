//! The backward pass.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{InstructionSet, Scalar, with_scratch};

use super::coefficients::{Affine, Gradient, SCALE, given, inverse_deviation, normalizing};
use super::partition::{Partition, Region};
use super::rows::Rows;
use super::transposed::Lanes;
use super::{BatchNormalization, ChannelCoefficients, FusedBatchNorm, NormalizationGradients};
use super::{lanes, pairs, rows};

/// The source of the coefficients.
enum Rule<'a, T> {
    Given(&'a ChannelCoefficients<'a, T>),
    /// The batch, with this mean and variance.
    Batch(&'a BatchNormalization<'a, T>, [&'a [T]; 2]),
}

/// The gradient with respect to the input, if requested, and the sums for the gradients with respect to the
/// coefficients.
pub struct Adjoint<'a, T> {
    map: &'a FusedBatchNorm,
    rule: Rule<'a, T>,
    x: Shared<T>,
    gy: Shared<T>,
    gx: Option<Shared<T>>,
    /// Where to write `Σ g` and `Σ g·(x − center)`, or `Σ g·x̂` for batch normalization.
    sums: Option<[Shared<T>; 2]>,
    set: InstructionSet,
}

spectral_lanes::entry!(AdjointEntry, Adjoint);

impl<'a, T: Scalar> Adjoint<'a, T> {
    pub fn given(
        map: &'a FusedBatchNorm,
        [x, gy]: [&[T]; 2],
        coefficients: &'a ChannelCoefficients<'a, T>,
        gx: Option<Shared<T>>,
        sums: Option<[Shared<T>; 2]>,
    ) -> Self {
        Adjoint {
            map,
            rule: Rule::Given(coefficients),
            x: Shared::to_read(x),
            gy: Shared::to_read(gy),
            gx,
            sums,
            set: InstructionSet::current(),
        }
    }

    pub fn batch(
        map: &'a FusedBatchNorm,
        [x, gy]: [&[T]; 2],
        norm: &'a BatchNormalization<'a, T>,
        statistics: [&'a [T]; 2],
        gx: Option<Shared<T>>,
        gradients: &mut NormalizationGradients<T>,
    ) -> Self {
        let sums = [&mut gradients.beta, &mut gradients.gamma].map(|sum| Shared::new(sum));
        Adjoint {
            map,
            rule: Rule::Batch(norm, statistics),
            x: Shared::to_read(x),
            gy: Shared::to_read(gy),
            gx,
            sums: Some(sums),
            set: InstructionSet::current(),
        }
    }

    pub fn run(self) {
        let elements = self.map.input_len();
        let partition = Partition::new::<T>(self.map, elements / 2);
        if self.sums.is_none() {
            let table: Vec<_> = (0..self.map.channels)
                .map(|channel| with_sums(self.affine(channel), [0.0; 2]))
                .collect();
            partition.for_each_image(|region| self.apply(region, &table));
            return;
        }
        if partition.by_groups() {
            partition.for_each_group(|region| {
                let affine = self.affines(&region);
                let mut sums = vec![[0.0; 2]; affine.len()];
                for chunk in 0..partition.chunks() {
                    let region = Region {
                        images: partition.chunk(chunk),
                        channels: region.channels.clone(),
                    };
                    let mut part = vec![[0.0; 2]; affine.len()];
                    self.sum(region, &affine, &mut part);
                    for (sum, part) in sums.iter_mut().zip(part) {
                        *sum = [sum[0] + part[0], sum[1] + part[1]];
                    }
                }
                let table: Vec<_> = region
                    .channels
                    .clone()
                    .zip(sums)
                    .map(|(channel, sums)| self.finish(channel, sums))
                    .collect();
                self.apply(region, &table);
            });
            return;
        }
        let channels = self.map.channels;
        let mut parts = vec![[0.0; 2]; partition.chunks() * channels];
        let shared = Shared::new(&mut parts);
        partition.for_each_chunk(|region, chunk| {
            let at = shared.at(chunk * channels + region.channels.start);
            // SAFETY: each task has its own channels of its own chunk.
            let sums = unsafe { std::slice::from_raw_parts_mut(at, region.channels.len()) };
            let affine = self.affines(&region);
            self.sum(region, &affine, sums);
        });
        let table: Vec<_> = (0..channels)
            .map(|channel| {
                let mut sums = [0.0; 2];
                for chunk in 0..partition.chunks() {
                    let part: [f64; 2] = parts[chunk * channels + channel];
                    sums = [sums[0] + part[0], sums[1] + part[1]];
                }
                self.finish(channel, sums)
            })
            .collect();
        partition.for_each_image(|region| self.apply(region, &table));
    }

    fn affine(&self, channel: usize) -> Affine<T> {
        match &self.rule {
            Rule::Given(coefficients) => given(coefficients, channel),
            Rule::Batch(norm, [mean, variance]) => {
                normalizing(norm, channel, [mean[channel], variance[channel]])
            }
        }
    }

    fn affines(&self, region: &Region) -> Vec<Affine<T>> {
        let channels = region.channels.clone();
        channels.map(|channel| self.affine(channel)).collect()
    }

    /// Writes the gradients with respect to the coefficients, and returns the coefficients of the input gradient.
    fn finish(&self, channel: usize, sums: [f64; 2]) -> Gradient<T> {
        let affine = self.affine(channel);
        let [gradient, centered] = sums;
        let (through, centered) = match &self.rule {
            Rule::Given(_) => ([0.0; 2], centered),
            Rule::Batch(norm, [_, variance]) => {
                let inverse = inverse_deviation(variance[channel], norm.epsilon);
                let count = (self.map.batch * self.map.plane()) as f64;
                let factor = -affine[SCALE].widen() / count;
                let slope = factor * centered * inverse * inverse;
                ([slope, factor * gradient], centered * inverse)
            }
        };
        if let Some(into) = &self.sums {
            for (into, sum) in into.iter().zip([gradient, centered]) {
                // SAFETY: there is one element per channel, and each is written by one task.
                unsafe { *into.at(channel) = T::of(sum) };
            }
        }
        with_sums(affine, through)
    }

    fn sum(&self, region: Region, table: &[Affine<T>], sums: &mut [[f64; 2]]) {
        let (map, x, gy) = (self.map, self.x, self.gy);
        let Some(pool) = map.pool else {
            with_scratch([rows::sums_scratch(map)], |[columns]| {
                let rows = Rows {
                    map,
                    region,
                    table,
                    columns,
                };
                T::dispatch(self.set, rows::Sums { rows, x, gy, sums });
            });
            return;
        };
        if pairs::is_supported(map) {
            let rows = Rows {
                map,
                region,
                table,
                columns: &mut [],
            };
            T::dispatch(self.set, pairs::Sums { rows, x, gy, sums });
            return;
        }
        with_scratch(Lanes::<T, 3>::scratch(map, &pool), |blocks| {
            let lanes = Lanes {
                map,
                pool,
                region,
                table,
            };
            T::dispatch(
                self.set,
                lanes::Sums {
                    lanes,
                    x,
                    gy,
                    blocks,
                    sums,
                },
            );
        });
    }

    fn apply(&self, region: Region, table: &[Gradient<T>]) {
        let Some(gx) = self.gx else {
            return;
        };
        let (map, x, gy) = (self.map, self.x, self.gy);
        let centered = matches!(self.rule, Rule::Batch(..));
        let Some(pool) = map.pool else {
            with_scratch([rows::scratch::<5>(map)], |[columns]| {
                let rows = Rows {
                    map,
                    region,
                    table,
                    columns,
                };
                let pass = rows::InputGradient {
                    rows,
                    x,
                    gy,
                    gx,
                    centered,
                };
                T::dispatch(self.set, pass);
            });
            return;
        };
        if pairs::is_supported(map) {
            let rows = Rows {
                map,
                region,
                table,
                columns: &mut [],
            };
            let pass = pairs::InputGradient {
                rows,
                x,
                gy,
                gx,
                centered,
            };
            T::dispatch(self.set, pass);
            return;
        }
        let [inputs, outputs] = Lanes::<T, 5>::scratch(map, &pool);
        with_scratch([inputs, outputs, inputs], |blocks| {
            let lanes = Lanes {
                map,
                pool,
                region,
                table,
            };
            let pass = lanes::InputGradient {
                lanes,
                x,
                gy,
                gx,
                centered,
                blocks,
            };
            T::dispatch(self.set, pass);
        });
    }
}

fn with_sums<T: Scalar>([center, scale, shift]: Affine<T>, through: [f64; 2]) -> Gradient<T> {
    let [slope, offset] = through.map(T::of);
    [center, scale, shift, slope, offset]
}
