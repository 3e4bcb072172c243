//! What a partial differential equation is to the solver.

use num_complex::Complex64;

use crate::error::PdeError;
use crate::grid::{Grid, Wavenumber};

/// A semilinear equation `∂u/∂t = L u + N(u)` on a periodic grid: a linear operator, given by its symbol, plus a
/// nonlinear function.
///
/// A new equation is one implementation of this trait; every stepper, grid and test takes it. Damped Burgers:
///
/// ```
/// use num_complex::Complex64;
/// use spectral_pde::{Dealiasing, ETDRK4, Grid, Nonlinear, Pde, PdeError, Stepper, Wavenumber};
///
/// /// `u_t + u u_x = ν u_xx − u`
/// struct DampedBurgers {
///     viscosity: f64,
/// }
///
/// impl Pde for DampedBurgers {
///     fn name(&self) -> String {
///         "damped Burgers".to_string()
///     }
///
///     fn dimensions(&self) -> usize {
///         1
///     }
///
///     fn symbol(&self, _channel: usize, k: &Wavenumber) -> Complex64 {
///         (self.viscosity * k.laplacian() - 1.0).into()
///     }
///
///     fn nonlinear(&self) -> Option<Nonlinear> {
///         let square = |fields: &[&[f64]], products: &mut [&mut [f64]]| {
///             for (p, u) in products[0].iter_mut().zip(fields[0]) {
///                 *p = u * u;
///             }
///         };
///         Some(
///             Nonlinear::new(1, square)
///                 .field(0, |_| Complex64::ONE)
///                 .output(0, 0, |k| -0.5 * k.derivative(0, 1)),
///         )
///     }
/// }
///
/// let grid = Grid::cube(1, 64, 1.0)?;
/// let pde = DampedBurgers { viscosity: 0.01 };
/// let stepper = Stepper::new(&pde, &grid, 1e-2, &ETDRK4, Dealiasing::TwoThirds)?;
/// let u0 = grid.sample(|x| (std::f64::consts::TAU * x[0]).sin());
/// let mut run = stepper.start(1, &u0)?;
/// run.advance(100)?;
/// assert!(run.samples().iter().all(|u| u.abs() < 0.2));
/// # Ok::<(), PdeError>(())
/// ```
pub trait Pde: Send + Sync {
    /// The name of the equation, for messages.
    fn name(&self) -> String;

    /// Number of spatial dimensions, 1 to 3.
    fn dimensions(&self) -> usize;

    /// Number of fields that make up a state.
    fn channels(&self) -> usize {
        1
    }

    /// Checks the parameters, and that the grid suits them; called first, with a grid of [`Self::dimensions`] axes.
    ///
    /// # Errors
    /// If a parameter is out of range.
    fn check(&self, _grid: &Grid) -> Result<(), PdeError> {
        Ok(())
    }

    /// The symbol of the linear operator for a channel: `L exp(ik·x) = symbol · exp(ik·x)`, in units of 1/time.
    ///
    /// For a real operator, `symbol(−k)` is the conjugate of `symbol(k)`.
    fn symbol(&self, channel: usize, k: &Wavenumber) -> Complex64;

    /// The nonlinear function; `None` for a linear equation, which is then solved exactly.
    fn nonlinear(&self) -> Option<Nonlinear> {
        None
    }
}

pub(crate) type Symbol = Box<dyn Fn(&Wavenumber) -> Complex64 + Send + Sync>;
type Pointwise = Box<dyn Fn(&[&[f64]], &mut [&mut [f64]]) + Send + Sync>;
type Force = Box<dyn Fn(&[f64]) -> f64 + Send + Sync>;

/// A nonlinear function evaluated pseudo-spectrally: fields derived from the state by linear operators, a function of
/// their values point by point, and linear operators applied to its results, plus an external force:
///
/// `N(u)_c = f_c(x) + Σ_outputs S_out · g_p( S_field_0 u, S_field_1 u, … )`
///
/// Transforms, batches and dealiasing are the solver's task.
pub struct Nonlinear {
    pub(crate) fields: Vec<(usize, Symbol)>,
    pub(crate) products: usize,
    pub(crate) pointwise: Pointwise,
    pub(crate) outputs: Vec<(usize, usize, Symbol)>,
    pub(crate) forces: Vec<(usize, Force)>,
}

impl Nonlinear {
    /// A function with `products` results per point. `pointwise(fields, products)` is called with one slice per field,
    /// in the order in which the fields are added, and one per product, all of equal length.
    pub fn new(
        products: usize,
        pointwise: impl Fn(&[&[f64]], &mut [&mut [f64]]) + Send + Sync + 'static,
    ) -> Self {
        Nonlinear {
            fields: Vec::new(),
            products,
            pointwise: Box::new(pointwise),
            outputs: Vec::new(),
            forces: Vec::new(),
        }
    }

    /// Adds a field: a linear operator, given by its symbol, applied to a channel of the state.
    pub fn field(
        mut self,
        channel: usize,
        symbol: impl Fn(&Wavenumber) -> Complex64 + Send + Sync + 'static,
    ) -> Self {
        self.fields.push((channel, Box::new(symbol)));
        self
    }

    /// Adds to the result for `channel` a linear operator, given by its symbol, applied to a product.
    pub fn output(
        mut self,
        channel: usize,
        product: usize,
        symbol: impl Fn(&Wavenumber) -> Complex64 + Send + Sync + 'static,
    ) -> Self {
        self.outputs.push((channel, product, Box::new(symbol)));
        self
    }

    /// Adds a force that depends on the position alone to the result for `channel`.
    pub fn force(
        mut self,
        channel: usize,
        force: impl Fn(&[f64]) -> f64 + Send + Sync + 'static,
    ) -> Self {
        self.forces.push((channel, Box::new(force)));
        self
    }

    /// Checks the indices of channels and products.
    pub(crate) fn check(&self, equation: &str, channels: usize) -> Result<(), PdeError> {
        let used = (self.fields.iter().map(|field| field.0))
            .chain(self.outputs.iter().map(|output| output.0))
            .chain(self.forces.iter().map(|force| force.0));
        let bad = |what, index, count| PdeError::Nonlinear {
            equation: equation.to_string(),
            what,
            index,
            count,
        };
        if let Some(channel) = used.into_iter().find(|&channel| channel >= channels) {
            return Err(bad("channel", channel, channels));
        }
        let mut products = self.outputs.iter().map(|output| output.1);
        if let Some(product) = products.find(|&product| product >= self.products) {
            return Err(bad("product", product, self.products));
        }
        Ok(())
    }
}
