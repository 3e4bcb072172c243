//! The same filter computed through memory: images on their grids, whole spectra, matrix products, and back.

use spectral_lanes::Scalar;
use spectral_lanes::parallel::{Shared, for_each};

use super::{InputGradient, Layout, Placement, ResponseGradient, SpectralFilter};
use crate::binwise_matmul::BinwiseMatmul;
use crate::shape::{BinWeight, Planar, PlanarMut};
use crate::transform::{irfftn, rfftn};

pub fn forward<T: Scalar>(filter: &SpectralFilter, x: &[T], r: Planar<'_, T>, y: &mut [T]) {
    let r = Owned::response(filter, r);
    let spectrum = analysis(filter, x, &filter.input_side(), 1.0, BinWeight::One);
    let mut product = Owned::zeros(filter.matmul().output_len());
    filter
        .matmul()
        .forward(spectrum.get(), r.get(), product.set());
    let scale = 1.0 / filter.points() as f64;
    synthesis(
        filter,
        product,
        &filter.output_side(),
        scale,
        BinWeight::One,
        y,
    );
}

pub fn adjoint<T: Scalar>(
    filter: &SpectralFilter,
    gy: &[T],
    input: Option<InputGradient<'_, T>>,
    response: Option<ResponseGradient<'_, T>>,
) {
    let matmul = filter.matmul();
    let scale = 1.0 / filter.points() as f64;
    let gradient = analysis(filter, gy, &filter.output_side(), scale, BinWeight::Double);
    if let Some(ResponseGradient {
        input: x,
        gradient: gr,
    }) = response
    {
        let spectrum = analysis(filter, x, &filter.input_side(), 1.0, BinWeight::One);
        let mut found = Owned::zeros(filter.response_len());
        matmul.adjoint_response(spectrum.get(), gradient.get(), found.set());
        for (to, from) in [(gr.re, found.re), (gr.im, found.im)] {
            match filter.layout {
                Layout::Planes => to.copy_from_slice(&from),
                Layout::ChannelsLast => transpose(&from, filter.groups, filter.bins(), to),
            }
        }
    }
    if let Some(InputGradient {
        response: r,
        gradient: gx,
    }) = input
    {
        let r = Owned::response(filter, r);
        let mut product = Owned::zeros(matmul.input_len());
        matmul.adjoint_input(gradient.get(), r.get(), product.set());
        let side = filter.input_side();
        synthesis(filter, product, &side, 1.0, BinWeight::Halve, gx);
    }
}

/// Complex numbers that own their planes.
struct Owned<T> {
    re: Vec<T>,
    im: Vec<T>,
}

impl<T: Scalar> Owned<T> {
    fn zeros(len: usize) -> Self {
        Owned {
            re: vec![T::of(0.0); len],
            im: vec![T::of(0.0); len],
        }
    }

    /// The response, channels first.
    fn response(filter: &SpectralFilter, r: Planar<'_, T>) -> Self {
        let [re, im] = [r.re, r.im].map(|part| match filter.layout {
            Layout::Planes => part.to_vec(),
            Layout::ChannelsLast => {
                let mut planes = vec![T::of(0.0); part.len()];
                transpose(part, filter.bins(), filter.groups, &mut planes);
                planes
            }
        });
        Owned { re, im }
    }

    fn get(&self) -> Planar<'_, T> {
        Planar {
            re: &self.re,
            im: &self.im,
        }
    }

    fn set(&mut self) -> PlanarMut<'_, T> {
        PlanarMut {
            re: &mut self.re,
            im: &mut self.im,
        }
    }
}

/// Transposes `[rows, columns]` to `[columns, rows]`.
fn transpose<T: Scalar>(from: &[T], rows: usize, columns: usize, to: &mut [T]) {
    for (column, to) in to.chunks_exact_mut(rows.max(1)).enumerate() {
        for (row, to) in to.iter_mut().enumerate() {
            *to = from[row * columns + column];
        }
    }
}

/// The images on one side of a filter: channels per batch entry, `terms` of them per spectrum.
struct Side {
    channels: usize,
    terms: usize,
    frame: Placement,
}

impl SpectralFilter {
    fn points(&self) -> usize {
        self.grid[0] * self.grid[1]
    }

    fn matmul(&self) -> BinwiseMatmul {
        BinwiseMatmul {
            batch: self.batch,
            groups: self.groups,
            in_per_group: 1,
            out_per_group: self.multiplier,
            bins: self.bins(),
            conjugate: self.conjugate,
        }
    }

    fn input_side(&self) -> Side {
        Side {
            channels: self.groups,
            terms: self.terms,
            frame: self.input,
        }
    }

    fn output_side(&self) -> Side {
        Side {
            channels: self.groups * self.multiplier,
            terms: 1,
            frame: self.output,
        }
    }

    /// Offset of sample (`row`, `column`) of term `term` of image `image` of one side.
    fn at(&self, side: &Side, image: usize, term: usize, row: usize, column: usize) -> usize {
        let [height, width] = side.frame.size;
        match self.layout {
            Layout::Planes => ((image * side.terms + term) * height + row) * width + column,
            Layout::ChannelsLast => {
                let (entry, channel) = (image / side.channels, image % side.channels);
                ((entry * height + row) * width + column) * side.channels + channel
            }
        }
    }
}

/// Half-spectra of images placed on the grid.
fn analysis<T: Scalar>(
    filter: &SpectralFilter,
    from: &[T],
    side: &Side,
    scale: f64,
    weight: BinWeight,
) -> Owned<T> {
    let images = filter.batch * side.channels;
    let points = filter.points();
    let Placement { start, size } = side.frame;
    let mut grid = vec![T::of(0.0); images * points];
    let to = Shared::new(&mut grid);
    for_each(images, grid.len(), |image| {
        // SAFETY: this is the grid of this image, which no other task accesses.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(image * points), points) };
        for row in 0..size[0] {
            let first = (start[0] + row) * filter.grid[1] + start[1];
            for (column, to) in to[first..first + size[1]].iter_mut().enumerate() {
                for term in 0..side.terms {
                    *to = *to + from[filter.at(side, image, term, row, column)];
                }
            }
        }
    });
    let mut spectrum = Owned::zeros(images * filter.bins());
    rfftn(
        images,
        &filter.grid,
        T::of(scale),
        weight,
        &grid,
        spectrum.set(),
    );
    spectrum
}

/// Images cropped from the grid, computed from half-spectra.
fn synthesis<T: Scalar>(
    filter: &SpectralFilter,
    spectrum: Owned<T>,
    side: &Side,
    scale: f64,
    weight: BinWeight,
    to: &mut [T],
) {
    let images = filter.batch * side.channels;
    let points = filter.points();
    let Placement { start, size } = side.frame;
    let mut grid = vec![T::of(0.0); images * points];
    irfftn(
        images,
        &filter.grid,
        T::of(scale),
        weight,
        spectrum.get(),
        &mut grid,
    );
    let to = Shared::new(to);
    for_each(images, grid.len(), |image| {
        for row in 0..size[0] {
            let first = image * points + (start[0] + row) * filter.grid[1] + start[1];
            for (column, x) in grid[first..first + size[1]].iter().enumerate() {
                for term in 0..side.terms {
                    let at = filter.at(side, image, term, row, column);
                    // SAFETY: this is a sample of this image, which no other task accesses.
                    unsafe { to.at(at).write(*x) };
                }
            }
        }
    });
}
