//! What can be wrong with an input.

use thiserror::Error;

/// An input that a solver does not accept, or a computation that failed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum PdeError {
    /// A grid without axes, or with too many.
    #[error("a grid has {axes} axes; 1 to 3 are accepted")]
    Axes {
        /// The number of axes.
        axes: usize,
    },
    /// One value per axis was expected.
    #[error("{what}: {actual} values for {expected} axes; one per axis is accepted")]
    PerAxis {
        /// What the values are.
        what: &'static str,
        /// The number of axes.
        expected: usize,
        /// The number of values.
        actual: usize,
    },
    /// A number of grid points out of range.
    #[error("axis {axis} has {points} points; {least} to {most} are accepted")]
    Points {
        /// The axis.
        axis: usize,
        /// Its number of points.
        points: usize,
        /// The smallest number accepted.
        least: usize,
        /// The largest number accepted.
        most: usize,
    },
    /// More elements than can be addressed.
    #[error("{what}: {elements} elements; at most {most} are accepted")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The number of elements, saturated.
        elements: usize,
        /// The largest number accepted.
        most: usize,
    },
    /// A parameter out of range.
    #[error("{name} is {value}; {accepted}")]
    Parameter {
        /// The name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The values that are accepted.
        accepted: &'static str,
    },
    /// An equation on a grid of another dimension.
    #[error("{equation} has {expected} spatial dimensions, the grid has {actual}")]
    Dimensions {
        /// The equation.
        equation: String,
        /// Its number of spatial dimensions.
        expected: usize,
        /// The number of axes of the grid.
        actual: usize,
    },
    /// A slice of the wrong length.
    #[error("{what}: expected {expected} values, got {actual}")]
    Length {
        /// What the slice contains.
        what: &'static str,
        /// The length that the shapes imply.
        expected: usize,
        /// The length of the slice.
        actual: usize,
    },
    /// A value that is not finite.
    #[error("{what}: value {index} is {value}; finite values are accepted")]
    NotFinite {
        /// What the slice contains.
        what: &'static str,
        /// Index of the value.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A nonlinear term that refers to a channel or a product that does not exist.
    #[error("{equation}: the nonlinear term uses {what} {index}, but there are {count}")]
    Nonlinear {
        /// The equation.
        equation: String,
        /// `channel` or `product`.
        what: &'static str,
        /// The index used.
        index: usize,
        /// The number that exist.
        count: usize,
    },
    /// More modes than a grid has.
    #[error(
        "dealiasing cutoff {cutoff}: axis {axis} has {points} points; 0 to {most} are accepted"
    )]
    Cutoff {
        /// The highest mode to keep.
        cutoff: usize,
        /// The axis.
        axis: usize,
        /// Its number of points.
        points: usize,
        /// The largest cutoff accepted.
        most: usize,
    },
    /// A Fourier series that a grid does not resolve.
    #[error(
        "a Fourier series of {modes} modes: axis {axis} has {points} points; 1 to {most} modes are accepted"
    )]
    Modes {
        /// The number of modes.
        modes: usize,
        /// The axis.
        axis: usize,
        /// Its number of points.
        points: usize,
        /// The largest number accepted.
        most: usize,
    },
    /// A table that is not an explicit method.
    #[error(
        "the method {method} has {rows} rows, of which row {row} has {weights} weights; a table has at least one row, and row i at most i + 1 weights"
    )]
    Method {
        /// The name of the method.
        method: &'static str,
        /// Its number of rows.
        rows: usize,
        /// The row.
        row: usize,
        /// Its number of weights.
        weights: usize,
    },
    /// A linear operator that grows too fast for the time step.
    #[error(
        "{equation}: the linear operator or its time step {dt} is too large (a coefficient overflows); \
         choose a smaller time step"
    )]
    Coefficients {
        /// The equation.
        equation: String,
        /// The time step.
        dt: f64,
    },
    /// The solution became infinite or not a number.
    #[error(
        "the solution diverged before time {time} (step {step}); choose a smaller time step than {dt} or a finer grid"
    )]
    Diverged {
        /// Time at which this was found.
        time: f64,
        /// Number of steps taken.
        step: usize,
        /// The time step.
        dt: f64,
    },
    /// Conjugate gradients stopped before they reached the tolerance.
    #[error(
        "conjugate gradients reached a relative residual of {residual:.3e} after {iterations} iterations; \
         {tolerance:.3e} was asked for"
    )]
    NotConverged {
        /// The number of iterations.
        iterations: usize,
        /// The relative residual reached.
        residual: f64,
        /// The relative residual asked for.
        tolerance: f64,
    },
}

/// Checks the length of a slice and that its values are finite.
pub(crate) fn expect_values(
    what: &'static str,
    expected: usize,
    values: &[f64],
) -> Result<(), PdeError> {
    expect_len(what, expected, values.len())?;
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(PdeError::NotFinite {
            what,
            index,
            value: values[index],
        }),
        None => Ok(()),
    }
}

/// Checks the length of a slice.
pub(crate) fn expect_len(
    what: &'static str,
    expected: usize,
    actual: usize,
) -> Result<(), PdeError> {
    if expected == actual {
        Ok(())
    } else {
        Err(PdeError::Length {
            what,
            expected,
            actual,
        })
    }
}

/// Checks that a parameter is finite.
pub(crate) fn expect_finite(name: &'static str, value: f64) -> Result<(), PdeError> {
    accept(
        value.is_finite(),
        name,
        value,
        "finite numbers are accepted",
    )
}

/// Checks that a parameter is finite and not negative.
pub(crate) fn expect_nonnegative(name: &'static str, value: f64) -> Result<(), PdeError> {
    let accepted = "finite numbers from 0 on are accepted";
    accept(value.is_finite() && value >= 0.0, name, value, accepted)
}

/// Checks that a parameter is finite and positive.
pub(crate) fn expect_positive(name: &'static str, value: f64) -> Result<(), PdeError> {
    let accepted = "finite numbers above 0 are accepted";
    accept(value.is_finite() && value > 0.0, name, value, accepted)
}

fn accept(
    ok: bool,
    name: &'static str,
    value: f64,
    accepted: &'static str,
) -> Result<(), PdeError> {
    if ok {
        Ok(())
    } else {
        Err(PdeError::Parameter {
            name,
            value,
            accepted,
        })
    }
}
