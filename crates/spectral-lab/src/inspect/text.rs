//! An inspection as text for a terminal.

use super::Inspection;
use super::entries::{residual, sections};

/// Columns before a value.
const LABEL: usize = 20;

/// The width of a column of residuals, where there is room.
const FIGURES: usize = 22;

/// Maximum number of candidates in the table.
const CANDIDATES: usize = 12;

/// The whole inspection in lines of at most `width` characters, if the values fit (about 50).
pub fn describe(inspection: &Inspection, width: usize) -> String {
    let figures = figures(width);
    let [channels, rows, columns] = inspection.shape;
    let mut text = String::new();
    wrap(
        &mut text,
        width,
        "",
        &format!("{}: {}", inspection.layer, inspection.summary),
    );
    let what = format!(
        "{channels} to {} channels, {rows}x{columns} images, seed {}",
        inspection.outputs, inspection.seed
    );
    wrap(&mut text, width, "", &what);
    for section in sections(inspection) {
        text += &format!("\n{}\n", section.title);
        for entry in section.entries {
            let label = format!("  {:<1$}", entry.label, LABEL - 2);
            wrap(&mut text, width, &label, &entry.value);
            wrap(&mut text, width, &" ".repeat(LABEL), &entry.note);
        }
    }
    text += "\nClosest ordinary operations\n";
    let line = |first: &str| format!("  {first:>figures$}  ");
    wrap(&mut text, width, &line("residual"), "operation");
    for candidate in candidates(inspection) {
        let value = line(&residual(candidate.residual));
        wrap(&mut text, width, &value, &candidate.kind);
    }
    wrap(
        &mut text,
        width,
        &" ".repeat(LABEL),
        "Each is fitted to the layer by least squares; the residual is its relative error on \
         random images: 0 is equal, 1 is as bad as an output of zero.",
    );
    text += "\nBaked into one zero-padded Conv2d\n";
    let line = |first: &str, second: &str| format!("  {first:>figures$}  {second:<figures$}  ");
    let inside = match figures {
        FIGURES => "away from the border",
        _ => "inside",
    };
    wrap(&mut text, width, &line("residual", inside), "kernel");
    for bake in &inspection.bake {
        let inside = bake.residual_inside.map_or("–".into(), residual);
        let flip = if bake.flip {
            ", of the flipped image"
        } else {
            ""
        };
        let value = line(&residual(bake.residual), &inside);
        let kernel = format!("{}x{}{flip}", bake.taps, bake.taps);
        wrap(&mut text, width, &value, &kernel);
    }
    wrap(
        &mut text,
        width,
        &" ".repeat(LABEL),
        "The best convolution of that size, usable anywhere; away from the border, zero padding \
         has no effect.",
    );
    text
}

/// The width of a column of residuals.
fn figures(width: usize) -> usize {
    match width {
        70.. => FIGURES,
        _ => 10,
    }
}

/// One line per layer, wrapped at `width` characters.
pub fn overview(inspections: &[Inspection], width: usize) -> String {
    let mut text = String::new();
    for inspection in inspections {
        let dead: usize = inspection
            .dead_parameters
            .iter()
            .map(|dead| dead.count)
            .sum();
        let nearest = if inspection.is_equal { "" } else { "nearest " };
        wrap(
            &mut text,
            width,
            &format!("  {:<22}", inspection.layer),
            &format!(
                "{nearest}{}, residual {}; mixes {}; {} parameters, {dead} dead",
                inspection.equivalent.kind,
                residual(inspection.equivalent.residual),
                inspection.map.mixing.words(),
                inspection.cost.parameters
            ),
        );
    }
    text
}

/// The candidates worth showing: the simplest ones, and the nearest of each kind.
pub(super) fn candidates(inspection: &Inspection) -> Vec<&burn_spectral::inspect::Equivalent> {
    let all = &inspection.map.equivalence.candidates;
    let mut shown: Vec<_> = all
        .iter()
        .filter(|c| c.residual < 0.9995 || !c.flip)
        .collect();
    // All up to the equivalent one are informative; of the others a few suffice.
    let end = all.iter().position(|c| *c == inspection.equivalent);
    if let Some(end) = end.filter(|_| inspection.is_equal) {
        shown.retain(|c| all.iter().position(|other| std::ptr::eq(other, *c)) <= Some(end));
    }
    while shown.len() > CANDIDATES {
        // The one that improves least on its neighbors is the least informative.
        let gain = |index: usize| shown[index - 1].residual - shown[index].residual;
        let least = (1..shown.len() - 1).min_by(|&a, &b| gain(a).abs().total_cmp(&gain(b).abs()));
        match least {
            Some(least) => shown.remove(least),
            None => break,
        };
    }
    shown
}

/// Wraps words within the width, with `first` before the first line and spaces before the others.
fn wrap(text: &mut String, width: usize, first: &str, words: &str) {
    let indent = first.chars().count();
    let mut line = first.to_string();
    let mut is_empty = true;
    // A non-breaking space keeps two words together.
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        let length = line.chars().count();
        if !is_empty && length + 1 + word.chars().count() > width {
            *text += line.trim_end();
            text.push('\n');
            line = " ".repeat(indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line += &word.replace('\u{a0}', " ");
        is_empty = false;
    }
    *text += line.trim_end();
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_under_their_beginning() {
        let mut text = String::new();
        wrap(&mut text, 80, "  label   ", &"word ".repeat(20));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[1].starts_with("          word"));
        assert!(lines.iter().all(|line| line.len() <= 80));
    }

    #[test]
    fn a_number_and_its_sign_are_not_parted() {
        let mut text = String::new();
        wrap(
            &mut text,
            80,
            "",
            &format!("{} 45.2\u{a0}%", "x".repeat(74)),
        );
        assert!(text.ends_with("\n45.2 %\n"), "{text}");
    }
}
