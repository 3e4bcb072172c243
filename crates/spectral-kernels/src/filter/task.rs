//! A task: transforms, products and inverse transforms, one unit at a time.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Kernel, Scalar, Simd};

use super::SpectralFilter;
use super::engine::{Buffers, Engine, Signal, Unit};
use super::product::{Conjugated, Product};
use super::run::{InputWork, ResponseWork, Work};
use crate::binwise_matmul::Conjugate;
use crate::real::BinScales;

/// A range of groups and batch entries.
pub struct Task<'a, T, E> {
    pub engine: &'a E,
    pub work: &'a Work<T>,
    pub filter: &'a SpectralFilter,
    pub all: Unit,
    /// Where the gradient with respect to the response is accumulated.
    pub gradients: Option<[Shared<T>; 2]>,
    pub tiles: [*mut T; 3],
    pub buffers: Buffers<'a, T>,
}

impl<T: Scalar, E: Engine<T>> Kernel<T> for Task<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let [groups, entries] = self.engine.unit();
        for unit in self.all.parts(groups, entries) {
            match *self.work {
                Work::Forward { x, r, y, .. } => self.forward(simd, unit, x, r, y),
                Work::Adjoint {
                    gy,
                    input,
                    response,
                    ..
                } => self.adjoint(simd, unit, gy, input, response),
            }
        }
    }
}

impl<T: Scalar, E: Engine<T>> Task<'_, T, E> {
    fn input(&self, base: Shared<T>) -> Signal<T> {
        let SpectralFilter { groups, terms, .. } = *self.filter;
        Signal {
            base,
            channels: groups * terms,
            step: terms,
            first: 0,
            terms,
            frame: self.filter.input,
        }
    }

    /// Output `o` of each group.
    fn output(&self, base: Shared<T>, o: usize) -> Signal<T> {
        let SpectralFilter {
            groups, multiplier, ..
        } = *self.filter;
        Signal {
            base,
            channels: groups * multiplier,
            step: multiplier,
            first: o,
            terms: 1,
            frame: self.filter.output,
        }
    }

    #[inline(always)]
    fn forward<S: Simd<T>>(
        &mut self,
        simd: S,
        unit: Unit,
        x: Shared<T>,
        r: [Shared<T>; 2],
        y: Shared<T>,
    ) {
        let engine = self.engine;
        let multiplier = self.filter.multiplier;
        let [spectrum, second, _] = self.tiles;
        let product = if multiplier > 1 { second } else { spectrum };
        let conjugated = match self.filter.conjugate {
            Conjugate::None => Conjugated::Neither,
            Conjugate::Response => Conjugated::First,
            Conjugate::Input => Conjugated::Second,
        };
        let signal = self.input(x);
        let one = scales(1.0, 1.0);
        // SAFETY: the slices hold the images, the tiles and buffers have the lengths that the engine requires, and no
        // other task writes these outputs.
        unsafe {
            engine.analysis(simd, unit, &signal, one, spectrum, &mut self.buffers);
        }
        for o in 0..multiplier {
            for index in 0..engine.places(unit) {
                let place = engine.place(unit, index, o);
                simd.call(Product {
                    a: place.in_response(r),
                    b: place.in_tile(spectrum),
                    to: place.in_tile(product),
                    rows: place.rows,
                    len: place.len,
                    conjugated,
                    add: false,
                });
            }
            let (signal, scale) = (self.output(y, o), self.scale());
            // SAFETY: as above.
            unsafe {
                engine.synthesis(simd, unit, &signal, scale, product, &mut self.buffers);
            }
        }
    }

    #[inline(always)]
    fn adjoint<S: Simd<T>>(
        &mut self,
        simd: S,
        unit: Unit,
        gy: Shared<T>,
        input: Option<InputWork<T>>,
        response: Option<ResponseWork<T>>,
    ) {
        let engine = self.engine;
        let multiplier = self.filter.multiplier;
        let [spectrum, gradient, sum] = self.tiles;
        let sum = if multiplier > 1 { sum } else { gradient };
        let (for_input, for_response) = match self.filter.conjugate {
            Conjugate::None => (Conjugated::First, Conjugated::First),
            Conjugate::Response => (Conjugated::Neither, Conjugated::Second),
            Conjugate::Input => (Conjugated::Second, Conjugated::Neither),
        };
        if let Some(response) = response {
            let signal = self.input(response.x);
            // SAFETY: as in `forward`.
            unsafe {
                let buffers = &mut self.buffers;
                engine.analysis(simd, unit, &signal, scales(1.0, 1.0), spectrum, buffers);
            }
        }
        for o in 0..multiplier {
            // The weights of the response gradient are applied by the transform.
            let BinScales { ends, .. } = self.scale();
            let weighted = BinScales {
                ends,
                interior: ends * T::of(2.0),
            };
            let signal = self.output(gy, o);
            // SAFETY: as in `forward`.
            unsafe {
                engine.analysis(simd, unit, &signal, weighted, gradient, &mut self.buffers);
            }
            for index in 0..engine.places(unit) {
                let place = engine.place(unit, index, o);
                let (rows, len) = (place.rows, place.len);
                if let Some(gr) = self.gradients {
                    simd.call(Product {
                        a: place.in_tile(spectrum),
                        b: place.in_tile(gradient),
                        to: place.in_response(gr),
                        rows,
                        len,
                        conjugated: for_response,
                        add: unit.entry + place.entry > self.all.entry,
                    });
                }
                if let Some(InputWork { r, .. }) = input {
                    simd.call(Product {
                        a: place.in_response(r),
                        b: place.in_tile(gradient),
                        to: place.in_tile(sum),
                        rows,
                        len,
                        conjugated: for_input,
                        add: o > 0,
                    });
                }
            }
        }
        if let Some(input) = input {
            let signal = self.input(input.gx);
            // SAFETY: as in `forward`.
            unsafe {
                let buffers = &mut self.buffers;
                engine.synthesis(simd, unit, &signal, scales(1.0, 0.5), sum, buffers);
            }
        }
    }

    /// One over the number of points of the grid.
    fn scale(&self) -> BinScales<T> {
        let [height, n] = self.filter.grid;
        let scale = 1.0 / (height * n) as f64;
        scales(scale, scale)
    }
}

fn scales<T: Scalar>(ends: f64, interior: f64) -> BinScales<T> {
    BinScales {
        ends: T::of(ends),
        interior: T::of(interior),
    }
}
