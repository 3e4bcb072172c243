//! A transform along one axis, for a block of signals that are already one per lane.

use std::sync::Arc;

use spectral_lanes::{Scalar, Simd};

use super::scale_bins::ScaleBins;
use crate::cache;
use crate::plan::Plan;
use crate::real::{BinScales, HalfTwiddles, Join, LastBin, Tangle, Untangle};
use crate::shape::{BinWeight, Direction, half_bins};
use crate::view::View;

/// The types of a transform's input and output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Complex(Direction),
    /// Real samples to half-spectrum.
    ToHalf,
    /// Half-spectrum to real samples.
    FromHalf,
}

/// The planes of one side of a transform, and how a line of them is laid out in a tile.
///
/// Element `j` of plane `p` is in row `step·j + p` of the tile.
#[derive(Clone, Copy)]
pub struct Side {
    pub planes: usize,
    pub count: usize,
    pub step: usize,
}

/// A planned transform along one axis.
pub struct Oriented<T: Scalar> {
    pub kind: Kind,
    /// Length of the axis, in real samples if there is a half-spectrum.
    pub n: usize,
    pub scales: BinScales<T>,
    pub plan: Arc<Plan<T>>,
    /// Twiddle factors for real transforms of even length.
    pub twiddles: Option<Arc<HalfTwiddles<T>>>,
}

impl<T: Scalar> Oriented<T> {
    pub fn new(kind: Kind, n: usize, scale: T, weight: BinWeight) -> Self {
        let halved = kind.is_real() && n.is_multiple_of(2);
        Oriented {
            kind,
            n,
            scales: BinScales {
                ends: scale,
                interior: scale * T::of(weight.interior()),
            },
            plan: cache::plan::<Plan<T>>(if halved { n / 2 } else { n }),
            twiddles: halved.then(|| cache::plan::<HalfTwiddles<T>>(n)),
        }
    }

    fn real_side(&self) -> Side {
        Side {
            planes: 1,
            count: self.n,
            step: if self.twiddles.is_some() { 1 } else { 2 },
        }
    }

    pub fn input(&self) -> Side {
        match self.kind {
            Kind::Complex(_) => Side {
                planes: 2,
                count: self.n,
                step: 2,
            },
            Kind::ToHalf => self.real_side(),
            Kind::FromHalf => Side {
                planes: 2,
                count: half_bins(self.n),
                step: 2,
            },
        }
    }

    pub fn output(&self) -> Side {
        match self.kind {
            Kind::Complex(_) => Side {
                planes: 2,
                count: self.n,
                step: 2,
            },
            Kind::ToHalf => Side {
                planes: 2,
                count: half_bins(self.n),
                step: 2,
            },
            Kind::FromHalf => self.real_side(),
        }
    }

    /// Number of rows of a tile that holds the input and then the output.
    pub fn rows(&self) -> usize {
        if self.twiddles.is_some() {
            self.n + 2
        } else {
            2 * self.n
        }
    }

    /// Transforms one block of lanes in place.
    ///
    /// # Safety
    /// The view must be valid for `rows/2` elements of [`Simd::LANES`] lanes.
    #[inline(always)]
    pub unsafe fn run<S: Simd<T>>(&self, simd: S, view: View<T>, scratch: &mut [T]) {
        let half = self.n / 2;
        let BinScales { ends, interior } = self.scales;
        let one = T::of(1.0);
        // SAFETY: the view is valid for as many elements as each step requires.
        unsafe {
            match (self.kind, &self.twiddles) {
                (Kind::Complex(direction), _) => {
                    let turned = if direction == Direction::Forward {
                        view
                    } else {
                        view.swapped()
                    };
                    self.plan.run(simd, turned, turned, scratch);
                    if ends != one {
                        simd.call(ScaleBins {
                            view,
                            count: self.n,
                            ends,
                            interior: ends,
                        });
                    }
                }
                (Kind::ToHalf, Some(twiddles)) => {
                    self.plan.run(simd, view, view, scratch);
                    simd.call(Untangle {
                        view,
                        half,
                        twiddles,
                        scales: self.scales,
                        last: LastBin::Own,
                        bins: half + 1,
                    });
                }
                (Kind::ToHalf, None) => {
                    self.plan.run(simd, view, view, scratch);
                    if ends != one || interior != one {
                        simd.call(ScaleBins {
                            view,
                            count: half_bins(self.n),
                            ends,
                            interior,
                        });
                    }
                }
                (Kind::FromHalf, Some(twiddles)) => {
                    simd.call(Tangle {
                        view,
                        half,
                        twiddles,
                        scales: self.scales,
                        last: LastBin::Own,
                        bins: half + 1,
                    });
                    self.plan.run(simd, view.swapped(), view.swapped(), scratch);
                }
                (Kind::FromHalf, None) => {
                    simd.call(Join {
                        view,
                        n: self.n,
                        first: view,
                        second: None,
                        scales: self.scales,
                        bins: half_bins(self.n),
                    });
                    self.plan.run(simd, view.swapped(), view.swapped(), scratch);
                }
            }
        }
    }
}

impl Kind {
    pub fn is_real(self) -> bool {
        !matches!(self, Kind::Complex(_))
    }
}
