//! RMSprop.

use burn::optim::{Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use burn_spectral::ops::optimizer::{self, RmsPropAverages, RmsPropStep};

use super::{record, restore};

/// RMSprop with an L2 penalty, like [`burn::optim::RmsProp`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct RmsProp {
    pub(crate) alpha: f32,
    pub(crate) momentum: f32,
    pub(crate) epsilon: f32,
    pub(crate) centered: bool,
    pub(crate) penalty: f32,
}

/// The averages; recorded like [`burn::optim::RmsPropState`], with the variance derived from them.
#[derive(Clone, Debug)]
pub(crate) struct Averages<const D: usize>(RmsPropAverages<D>);

const SQUARE: [&str; 2] = ["square_avg", "square_avg"];
const MEAN: [&str; 2] = ["centered", "grad_avg"];
const VARIANCE: [&str; 2] = ["centered", "avg"];
const UPDATE: [&str; 2] = ["momentum", "buf"];

impl<const D: usize> RecordState for Averages<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        let RmsPropAverages {
            square,
            mean,
            update,
        } = &self.0;
        let at = |[nest, leaf]: [&'static str; 2]| [prefix, nest, leaf];
        record(out, at(SQUARE), square);
        let variance = match mean {
            Some(mean) => {
                record(out, at(MEAN), mean);
                square.clone() - mean.clone().square()
            }
            None => square.clone(),
        };
        record(out, at(VARIANCE), &variance);
        if let Some(update) = update {
            record(out, at(UPDATE), update);
        }
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        let mut take = |[nest, leaf]: [&str; 2]| restore(src, [prefix, nest, leaf], device);
        let square = take(SQUARE)?;
        Some(Self(RmsPropAverages {
            square,
            mean: take(MEAN),
            update: take(UPDATE),
        }))
    }
}

impl Optimizer for RmsProp {
    type State<const D: usize> = Averages<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let zeros = || grad.zeros_like();
        let (square, mean, update) = match state {
            Some(Averages(old)) => (old.square, old.mean, old.update),
            None => (zeros(), None, None),
        };
        let wanted = |wanted: bool, old: Option<_>| wanted.then(|| old.unwrap_or_else(zeros));
        let averages = RmsPropAverages {
            square,
            mean: wanted(self.centered, mean),
            update: wanted(self.momentum > 0.0, update),
        };
        let step = RmsPropStep {
            average: [self.alpha, 1.0 - self.alpha].map(f64::from),
            momentum: f64::from(self.momentum),
            rate: lr,
            epsilon: f64::from(self.epsilon),
            penalty: f64::from(self.penalty),
        };
        let (tensor, averages) = optimizer::rms_prop(tensor, grad, averages, &step);
        (tensor, Some(Averages(averages)))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        let Averages(RmsPropAverages {
            square,
            mean,
            update,
        }) = state;
        Averages(RmsPropAverages {
            square: square.to_device(device),
            mean: mean.map(|mean| mean.to_device(device)),
            update: update.map(|update| update.to_device(device)),
        })
    }
}
