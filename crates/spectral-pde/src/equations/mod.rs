//! Equations. Each is one file: parameters, symbol, nonlinear function.

mod burgers;
mod korteweg_de_vries;
mod kuramoto_sivashinsky;
mod linear;
mod navier_stokes;

pub use burgers::Burgers;
pub use korteweg_de_vries::KortewegDeVries;
pub use kuramoto_sivashinsky::KuramotoSivashinsky;
pub use linear::{Advection, AdvectionDiffusion, Diffusion, Dispersion};
pub use navier_stokes::{Forcing, NavierStokes};

/// `products[0] = fields[0]²`
fn square(fields: &[&[f64]], products: &mut [&mut [f64]]) {
    for (p, u) in products[0].iter_mut().zip(fields[0]) {
        *p = u * u;
    }
}

/// `products[0] = fields[a]·fields[b] + fields[c]·fields[d]`
fn sum_of_two_products([a, b, c, d]: [usize; 4], fields: &[&[f64]], product: &mut [f64]) {
    let first = fields[a].iter().zip(fields[b]);
    let second = fields[c].iter().zip(fields[d]);
    for (p, ((a, b), (c, d))) in product.iter_mut().zip(first.zip(second)) {
        *p = a * b + c * d;
    }
}
