//! The flows: advection at several speeds, the Korteweg-de Vries and the Kuramoto-Sivashinsky equation.

use spectral_lab::simulate::Request;

use super::Extent;
use crate::StudyError;
use crate::kit::emulation::{Flow, Parts};

/// Grid points.
pub(super) const POINTS: usize = 160;

/// Time of a step of advection; the domain has length 1.
const INTERVAL: f64 = 0.1;

/// A flow to emulate.
pub(super) struct Case {
    /// For steps and exhibits.
    pub(super) name: String,
    /// For readers.
    pub(super) title: String,
    /// Grid cells per step, of advection.
    pub(super) cells: Option<f64>,
    pub(super) parts: Parts,
    pub(super) flow: Flow,
}

/// All flows of an extent.
pub(super) fn cases(extent: &Extent, seed: u64) -> Result<Vec<Case>, StudyError> {
    let base = |equation: &str| Request {
        points: Some(POINTS),
        initial: "fourier:5,1".parse().ok(),
        seed,
        ..Request::new(equation, 1)
    };
    let mut cases = Vec::new();
    for &cells in extent.cells {
        let mut request = base("advection");
        request.dt = Some(INTERVAL);
        request.length = Some(1.0);
        let speed = cells / POINTS as f64 / INTERVAL;
        request.parameters.insert("speed", speed);
        cases.push(Case {
            name: format!("advection-{cells}"),
            title: format!("advection, {cells} cells per step"),
            cells: Some(cells),
            parts: extent.parts,
            flow: Flow::new(request, 0, extent.parts)?,
        });
    }
    for (equation, title, warm_up) in [
        ("kdv", "KdV", 0),
        ("kuramoto-sivashinsky", "KS", extent.warm_up),
    ] {
        cases.push(Case {
            name: equation.into(),
            title: title.into(),
            cells: None,
            parts: extent.parts,
            flow: Flow::new(base(equation), warm_up, extent.parts)?,
        });
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::super::EXTENT;
    use super::*;

    #[test]
    fn advection_moves_whole_cells_where_it_should() {
        let mut extent = EXTENT.quick;
        extent.cells = &[20.0];
        let cases = cases(&extent, 3).unwrap();
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["advection-20", "kdv", "kuramoto-sivashinsky"]);
        let test = cases[0].flow.test().unwrap();
        let (before, after) = (test.state(0, 0), test.state(0, 1));
        for point in 0..POINTS {
            let difference = after[(point + 20) % POINTS] - before[point];
            assert!(difference.abs() < 1e-5, "{difference}");
        }
        let largest = before.iter().fold(0f32, |most, u| most.max(u.abs()));
        assert!((largest - 1.0).abs() < 1e-6);
    }

    /// The full warm-up of the Kuramoto-Sivashinsky equation is long enough: states no longer change in size.
    #[test]
    fn the_warm_up_ends_on_the_attractor() {
        let mut extent = EXTENT.full;
        extent.cells = &[];
        extent.parts = EXTENT.quick.parts;
        let size = |warm_up| {
            let extent = Extent { warm_up, ..extent };
            let cases = cases(&extent, 0).unwrap();
            let set = cases[1].flow.set().unwrap();
            let squares = (0..4).flat_map(|index| set.train.state(index, 5));
            let (sum, count) = squares.fold((0.0, 0.0), |(sum, count), u| {
                (sum + f64::from(u * u), count + 1.0)
            });
            f64::sqrt(sum / count)
        };
        let (start, end, later) = (size(0), size(extent.warm_up), size(2 * extent.warm_up));
        assert!(
            start < 0.8 && (end / later - 1.0).abs() < 0.15,
            "{start} {end} {later}"
        );
    }
}
