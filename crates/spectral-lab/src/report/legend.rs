//! The legend of a chart that stands alone.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::palette;

/// Lengths of a dash and the gap after it.
pub(super) const DASHES: (i32, i32) = (11, 8);

const TEXT: i32 = 25;
/// Height of a row.
const ROW: i32 = 36;
/// Length of the line sample before a name.
const PIECE: i32 = 49;
/// Left margin and gaps within a row.
const GAP: i32 = 22;

/// A legend entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Key<'a> {
    /// The name.
    pub(super) name: &'a str,
    /// The color.
    pub(super) ink: RGBColor,
    /// Whether it is dashed.
    pub(super) dashed: bool,
}

/// The entries with their positions, in as many rows as the width requires.
pub(super) fn lay_out<'a>(
    keys: impl Iterator<Item = Key<'a>>,
    width: u32,
) -> Vec<((i32, i32), Key<'a>)> {
    let (mut x, mut y) = (GAP, ROW / 2 + 8);
    let mut placed = Vec::new();
    for key in keys {
        // No font is available for measuring; few have wider letters on average.
        let letters = key.name.chars().count() as f64 * f64::from(TEXT) * 0.53;
        let own = PIECE + 12 + letters.ceil() as i32;
        if x > GAP && x + own > width as i32 {
            (x, y) = (GAP, y + ROW);
        }
        placed.push(((x, y), key));
        x += own + GAP;
    }
    placed
}

/// The height of all rows.
pub(super) fn height(placed: &[((i32, i32), Key)]) -> u32 {
    let lowest = placed.iter().map(|((_, y), _)| y + ROW / 2).max();
    lowest.unwrap_or(0) as u32
}

/// Draws the line samples and names.
pub(super) fn draw(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    placed: &[((i32, i32), Key)],
) -> Result<(), Box<dyn std::error::Error>> {
    let text = ("sans-serif", TEXT).into_font();
    let text = text.color(&palette::SERIES[0].light);
    let text = text.pos(Pos::new(HPos::Left, VPos::Center));
    for &((x, y), key) in placed {
        let (dash, gap) = DASHES;
        let pieces = match key.dashed {
            true => (0..PIECE).step_by((dash + gap) as usize).collect(),
            false => vec![0],
        };
        let length = if key.dashed { dash } else { PIECE };
        for from in pieces {
            let ends = [(x + from, y), (x + from + length, y)];
            area.draw(&PathElement::new(ends, key.ink.stroke_width(5)))?;
        }
        area.draw(&Text::new(
            key.name.to_string(),
            (x + PIECE + 12, y),
            text.clone(),
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_do_not_fit_begin_a_new_row() {
        let key = |name| Key {
            name,
            ink: RGBColor(1, 2, 3),
            dashed: false,
        };
        let long = "a name of some thirty letters.";
        let placed = lay_out([key("a"), key("b"), key(long), key(long)].into_iter(), 720);
        let rows: Vec<i32> = placed.iter().map(|((_, y), _)| *y).collect();
        assert_eq!(rows[0], rows[1]);
        assert!(rows[1] < rows[2] || rows[2] < rows[3], "{rows:?}");
        assert!(placed[1].0.0 > placed[0].0.0);
        assert_eq!(height(&placed), *rows.last().unwrap() as u32 + 18);
        assert_eq!(height(&[]), 0);
    }
}
