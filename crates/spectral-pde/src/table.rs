//! Tabulated symbols, and their products with spectra.

use num_complex::Complex64;

/// Values of a symbol, one per bin; without imaginary parts if they are all zero.
pub(crate) struct Table {
    re: Vec<f64>,
    im: Option<Vec<f64>>,
}

impl Table {
    pub fn new(values: Vec<Complex64>) -> Self {
        let real = values.iter().all(|value| value.im == 0.0);
        Table {
            re: values.iter().map(|value| value.re).collect(),
            im: (!real).then(|| values.iter().map(|value| value.im).collect()),
        }
    }

    /// Whether all values are finite.
    pub fn is_finite(&self) -> bool {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        finite(&self.re) && self.im.as_deref().is_none_or(finite)
    }

    /// `y = table[first..]·x`, for as many elements as `y` has.
    pub fn set_product(
        &self,
        x_re: &[f64],
        x_im: &[f64],
        y_re: &mut [f64],
        y_im: &mut [f64],
        first: usize,
    ) {
        self.product([x_re, x_im], [y_re, y_im], first, |y, product| *y = product);
    }

    /// `y = table·y`.
    pub fn multiply(&self, y_re: &mut [f64], y_im: &mut [f64]) {
        let y = y_re.iter_mut().zip(y_im);
        match &self.im {
            None => {
                for ((re, im), a) in y.zip(&self.re) {
                    *re *= a;
                    *im *= a;
                }
            }
            Some(b) => {
                for (((re, im), a), b) in y.zip(&self.re).zip(b) {
                    let real = a * *re - b * *im;
                    *im = a * *im + b * *re;
                    *re = real;
                }
            }
        }
    }

    /// `y += table[first..]·x`, for as many elements as `y` has.
    pub fn add_product(
        &self,
        x_re: &[f64],
        x_im: &[f64],
        y_re: &mut [f64],
        y_im: &mut [f64],
        first: usize,
    ) {
        self.product([x_re, x_im], [y_re, y_im], first, |y, product| {
            *y += product
        });
    }

    /// Puts the parts of `table[first..]·x` into `y`.
    #[inline(always)]
    fn product(
        &self,
        [x_re, x_im]: [&[f64]; 2],
        [y_re, y_im]: [&mut [f64]; 2],
        first: usize,
        put: impl Fn(&mut f64, f64),
    ) {
        let range = first..first + y_re.len();
        let x = x_re.iter().zip(x_im);
        let y = y_re.iter_mut().zip(y_im);
        let a = &self.re[range.clone()];
        match &self.im {
            None => {
                for (((y_re, y_im), (re, im)), a) in y.zip(x).zip(a) {
                    put(y_re, a * re);
                    put(y_im, a * im);
                }
            }
            Some(b) => {
                for ((((y_re, y_im), (re, im)), a), b) in y.zip(x).zip(a).zip(&b[range]) {
                    put(y_re, a * re - b * im);
                    put(y_im, a * im + b * re);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_complex_products() {
        let x = [Complex64::new(1.0, 2.0), Complex64::new(-3.0, 0.5)];
        let (x_re, x_im) = (x.map(|x| x.re), x.map(|x| x.im));
        for values in [
            [Complex64::new(0.5, -1.0), Complex64::new(2.0, 3.0)],
            [Complex64::new(0.5, 0.0), Complex64::new(-2.0, 0.0)],
        ] {
            let table = Table::new(values.to_vec());
            let (mut re, mut im) = ([9.0; 2], [9.0; 2]);
            table.set_product(&x_re, &x_im, &mut re, &mut im, 0);
            table.add_product(&x_re[1..], &x_im[1..], &mut re[1..], &mut im[1..], 1);
            for (i, factor) in [1.0, 2.0].into_iter().enumerate() {
                let expected = factor * values[i] * x[i];
                assert!((Complex64::new(re[i], im[i]) - expected).norm() < 1e-15);
            }
            let (mut re, mut im) = (x_re, x_im);
            table.multiply(&mut re, &mut im);
            for i in 0..2 {
                assert!((Complex64::new(re[i], im[i]) - values[i] * x[i]).norm() < 1e-15);
            }
        }
    }
}
