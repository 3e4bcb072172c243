//! Studies of operators against solvers, small.

use serde_json::Value;

use super::Lab;
use super::study::{cut_off, is_whole, results};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn darcy_flow_is_solved_by_networks_and_a_study_cut_off_ends_with_the_same_figures() {
    let lab = Lab::new();
    cut_off(&lab, "darcy", "cut", 4);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    lab.ok("study darcy --quick --out whole");
    assert_eq!(results(&lab.path("whole")), cut);

    // Without the published files, samples of the solver.
    assert_eq!(cut["source"], "solver");
    let simple = &cut["simple"];
    let error = |method: &str| number(&simple[method]["coarse"]);
    assert!(
        error("solver") < error("mean") && error("linear") < 1.0,
        "{simple}"
    );
    // The permeabilities 3 and 12, seen through a coarse grid.
    let ratio = number(&simple["permeability"]["ratio"]);
    assert!((2.0..8.0).contains(&ratio), "{ratio}");
    // Sines keep the zeros of the boundary; trigonometric polynomials and lines know less.
    assert!(number(&simple["solver"]["sine"]) < number(&simple["solver"]["linear"]));
    let published = &cut["published-seed-0"];
    assert_eq!(published["course"]["parameters"], 191_881);
    assert_eq!(published["course"]["losses"].as_array().unwrap().len(), 2);
    for network in cut["networks"].as_array().unwrap() {
        let name = network["name"].as_str().unwrap();
        let trained = &cut[format!("{name}-seed-0")];
        assert_eq!(
            trained["course"]["parameters"], network["parameters"],
            "{name}"
        );
        assert!(
            number(&trained["errors"]["coarse"]) < 10.0,
            "{name}: {trained}"
        );
    }
    for grids in ["coarse", "fine", "both"] {
        let trained = &cut[format!("grids-{grids}-seed-0")];
        assert!(number(&trained["interpolated"]) > 0.0, "{trained}");
    }
}

#[test]
fn the_closed_form_of_burgers_equation_is_met_by_the_solver() {
    let lab = Lab::new();
    lab.ok("study burgers --quick --out whole");
    is_whole(&lab, "whole");
    let whole = results(&lab.path("whole"));
    let simple = &whole["simple"];
    let closed: Vec<f64> = (simple["closed"].as_array().unwrap().iter())
        .map(|closed| number(&closed["error"]))
        .collect();
    // Solver and closed form share nothing but the initial states.
    assert!(closed[1] < 3e-3 && closed[1] < closed[0], "{closed:?}");
    let [persistence, heat, fitted] =
        ["persistence", "heat", "least_squares"].map(|name| number(&simple[name]));
    assert!(heat < persistence && fitted < persistence, "{simple}");
    for network in whole["networks"].as_array().unwrap() {
        let name = network["name"].as_str().unwrap();
        let trained = &whole[format!("{name}-seed-0")];
        let errors = trained["errors"].as_array().unwrap();
        // On the grid of training nothing is interpolated.
        let first = &errors[0];
        let apart = number(&first["direct"]) - number(&first["interpolated"]);
        assert!(apart.abs() < 1e-5, "{name}: {first}");
    }
}
