//! The forward pass.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{InstructionSet, Scalar, with_scratch};

use super::coefficients::{Affine, given, normalizing};
use super::moments::{Moments, Statistics};
use super::partition::{Partition, Region};
use super::rows::Rows;
use super::transposed::Lanes;
use super::{BatchNormalization, ChannelCoefficients, ChannelStatistics, FusedBatchNorm};
use super::{lanes, pairs, rows};

/// The source of the coefficients.
enum Rule<'a, T> {
    Given(&'a ChannelCoefficients<'a, T>),
    /// The batch, whose mean and variance are written.
    Batch(&'a BatchNormalization<'a, T>, [Shared<T>; 2]),
}

/// The output, and the statistics if they are computed.
pub struct Forward<'a, T> {
    map: &'a FusedBatchNorm,
    rule: Rule<'a, T>,
    x: Shared<T>,
    y: Shared<T>,
    set: InstructionSet,
}

spectral_lanes::entry!(ForwardEntry, Forward);

impl<'a, T: Scalar> Forward<'a, T> {
    pub fn given(
        map: &'a FusedBatchNorm,
        x: &[T],
        coefficients: &'a ChannelCoefficients<'a, T>,
        y: &mut [T],
    ) -> Self {
        Forward {
            map,
            rule: Rule::Given(coefficients),
            x: Shared::to_read(x),
            y: Shared::new(y),
            set: InstructionSet::current(),
        }
    }

    pub fn batch(
        map: &'a FusedBatchNorm,
        x: &[T],
        norm: &'a BatchNormalization<'a, T>,
        statistics: &mut ChannelStatistics<T>,
        y: &mut [T],
    ) -> Self {
        let into = [&mut statistics.mean, &mut statistics.variance].map(|of| Shared::new(of));
        Forward {
            map,
            rule: Rule::Batch(norm, into),
            x: Shared::to_read(x),
            y: Shared::new(y),
            set: InstructionSet::current(),
        }
    }

    pub fn run(self) {
        let elements = self.map.input_len();
        match self.rule {
            Rule::Given(coefficients) => {
                let table: Vec<_> = (0..self.map.channels)
                    .map(|channel| given(coefficients, channel))
                    .collect();
                let partition = Partition::new::<T>(self.map, elements / 4);
                partition.for_each_image(|region| self.apply(region, &table));
            }
            Rule::Batch(norm, into) => self.normalize(norm, into, elements / 2),
        }
    }

    fn normalize(&self, norm: &BatchNormalization<'_, T>, into: [Shared<T>; 2], work: usize) {
        let partition = Partition::new::<T>(self.map, work);
        let finish = |channel: usize, moments: &Moments| {
            let statistics = [T::of(moments.mean()), T::of(moments.variance())];
            for (into, value) in into.iter().zip(statistics) {
                // SAFETY: there is one element per channel, and each is written by one task.
                unsafe { *into.at(channel) = value };
            }
            normalizing(norm, channel, statistics)
        };
        if partition.by_groups() {
            partition.for_each_group(|region| {
                let mut moments = vec![Moments::default(); region.channels.len()];
                for chunk in 0..partition.chunks() {
                    let images = partition.chunk(chunk);
                    let channels = region.channels.clone();
                    self.statistics(Region { images, channels }, &mut moments);
                }
                let table: Vec<_> = region
                    .channels
                    .clone()
                    .zip(&moments)
                    .map(|(channel, moments)| finish(channel, moments))
                    .collect();
                self.apply(region, &table);
            });
            return;
        }
        let channels = self.map.channels;
        let mut parts = vec![Moments::default(); partition.chunks() * channels];
        let shared = Shared::new(&mut parts);
        partition.for_each_chunk(|region, chunk| {
            let at = shared.at(chunk * channels + region.channels.start);
            // SAFETY: each task has its own channels of its own chunk.
            let moments = unsafe { std::slice::from_raw_parts_mut(at, region.channels.len()) };
            self.statistics(region, moments);
        });
        let table: Vec<_> = (0..channels)
            .map(|channel| {
                let mut moments = Moments::default();
                for chunk in 0..partition.chunks() {
                    moments.merge(parts[chunk * channels + channel]);
                }
                finish(channel, &moments)
            })
            .collect();
        partition.for_each_image(|region| self.apply(region, &table));
    }

    fn statistics(&self, region: Region, moments: &mut [Moments]) {
        let map = self.map;
        let room = Statistics::<T>::scratch(map, &region);
        with_scratch([room], |[columns]| {
            T::dispatch(
                self.set,
                Statistics {
                    map,
                    region,
                    x: self.x,
                    moments,
                    columns,
                },
            );
        });
    }

    fn apply(&self, region: Region, table: &[Affine<T>]) {
        let (map, x, y) = (self.map, self.x, self.y);
        let Some(pool) = map.pool else {
            with_scratch([rows::scratch::<3>(map)], |[columns]| {
                let rows = Rows {
                    map,
                    region,
                    table,
                    columns,
                };
                T::dispatch(self.set, rows::Forward { rows, x, y });
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
            T::dispatch(self.set, pairs::Forward { rows, x, y });
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
                lanes::Forward {
                    lanes,
                    x,
                    y,
                    blocks,
                },
            );
        });
    }
}
