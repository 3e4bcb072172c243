//! Charts and pictures of sections as files, for pages that cannot embed them.

use std::path::Path;

use super::super::{Picture, Report, ReportError, pictures, write};
use super::{Block, PictureRow, chart};

/// The folder next to the page.
const FOLDER: &str = "pictures";

/// Pixels between two pictures of a strip.
const GAP: usize = 2;

/// Gray level between pictures.
const BETWEEN: u8 = 0x9A;

/// Pictures up to this side, in pixels, are enlarged by integer factors.
const ENLARGED: usize = 112;

/// Writes each chart of the sections as SVG and each row of pictures as PNG into `pictures/` below
/// `folder`, and records their paths in the report.
///
/// # Errors
/// [`ReportError`] naming the chart or picture that is wrong, or the file that cannot be written.
pub fn write_section_files(report: &mut Report, folder: &Path) -> Result<(), ReportError> {
    let (mut charts, mut strips) = (0, 0);
    let blocks = report.sections.iter_mut().flat_map(|part| &mut part.blocks);
    for block in blocks {
        match block {
            Block::Chart(item) => {
                let Some(svg) = chart::draw_alone(item)? else {
                    continue;
                };
                charts += 1;
                let file = format!("{FOLDER}/chart-{charts}.svg");
                write::write(&folder.join(&file), &standalone(&svg))?;
                item.file = Some(file);
            }
            Block::Strip(item) => {
                let Some(picture) = montage(&item.title, &item.pictures) else {
                    continue;
                };
                strips += 1;
                let file = format!("{FOLDER}/strip-{strips}.png");
                write::write_bytes(&folder.join(&file), &pictures::picture_png(&picture)?)?;
                item.file = Some(file);
            }
            Block::Pictures(item) => {
                let Some(picture) = stack(&item.title, &item.rows) else {
                    continue;
                };
                strips += 1;
                let file = format!("{FOLDER}/strip-{strips}.png");
                write::write_bytes(&folder.join(&file), &pictures::picture_png(&picture)?)?;
                item.file = Some(file);
            }
            Block::Text(_) | Block::Table(_) => {}
        }
    }
    Ok(())
}

/// An SVG element as a file, on a white background.
fn standalone(svg: &str) -> String {
    let svg = svg.replacen("<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"", 1);
    svg.replacen(
        '>',
        ">\n<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>",
        1,
    )
}

/// Pictures side by side as one color image, each enlarged to about the same height; none if there
/// are none. Pictures with the wrong number of bytes become gray.
fn montage(label: &str, pictures: &[Picture]) -> Option<Picture> {
    let largest = pictures.iter().map(|picture| picture.rows).max()?;
    let height = largest * (ENLARGED / largest.max(1)).max(1);
    let factor = |picture: &Picture| (height / picture.rows.max(1)).max(1);
    let widths: Vec<usize> = pictures.iter().map(|p| p.cols * factor(p)).collect();
    let width = widths.iter().sum::<usize>() + GAP * (pictures.len() - 1);
    let mut pixels = vec![BETWEEN; height * width * 3];
    let mut left = 0;
    for (picture, own) in pictures.iter().zip(widths) {
        let factor = factor(picture);
        for y in 0..(picture.rows * factor).min(height) {
            for x in 0..own {
                let from = (y / factor * picture.cols + x / factor) * picture.channels;
                for channel in 0..3 {
                    let value = picture.pixels.get(from + channel.min(picture.channels - 1));
                    pixels[(y * width + left + x) * 3 + channel] = *value.unwrap_or(&BETWEEN);
                }
            }
        }
        left += own + GAP;
    }
    Some(Picture {
        label: label.into(),
        rows: height,
        cols: width,
        channels: 3,
        pixels,
    })
}

/// Rows of pictures below one another as one image; none if there are no pictures.
fn stack(label: &str, rows: &[PictureRow]) -> Option<Picture> {
    let rows: Vec<Picture> = (rows.iter())
        .filter_map(|row| montage(label, &row.pictures))
        .collect();
    let width = rows.iter().map(|row| row.cols).max()?;
    let height = rows.iter().map(|row| row.rows).sum::<usize>() + GAP * (rows.len() - 1);
    let mut pixels = Vec::with_capacity(width * height * 3);
    for (index, row) in rows.iter().enumerate() {
        let gap = if index > 0 { GAP * width * 3 } else { 0 };
        pixels.resize(pixels.len() + gap, BETWEEN);
        for line in row.pixels.chunks(row.cols * 3) {
            pixels.extend_from_slice(line);
            pixels.resize(pixels.len() + (width - row.cols) * 3, BETWEEN);
        }
    }
    Some(Picture {
        label: label.into(),
        rows: height,
        cols: width,
        channels: 3,
        pixels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(side: usize, value: u8) -> Picture {
        Picture {
            label: String::new(),
            rows: side,
            cols: side,
            channels: 1,
            pixels: vec![value; side * side],
        }
    }

    #[test]
    fn pictures_of_a_strip_come_to_one_height_with_gaps_between() {
        let strip = montage("x", &[gray(28, 10), gray(14, 20)]).unwrap();
        assert_eq!((strip.rows, strip.cols), (112, 112 + GAP + 112));
        let at = |x: usize| strip.pixels[(50 * strip.cols + x) * 3];
        assert_eq!([at(0), at(112), at(114)], [10, BETWEEN, 20]);
        assert!(montage("x", &[]).is_none());
    }

    #[test]
    fn rows_are_stacked_from_the_top_and_shorter_ones_end_in_gray() {
        let row = |pictures| PictureRow {
            pictures,
            ..PictureRow::default()
        };
        let rows = [
            row(vec![gray(112, 10); 2]),
            row(vec![]),
            row(vec![gray(112, 20)]),
        ];
        let whole = stack("x", &rows).unwrap();
        assert_eq!((whole.rows, whole.cols), (112 + GAP + 112, 112 + GAP + 112));
        let at = |y: usize, x: usize| whole.pixels[(y * whole.cols + x) * 3];
        assert_eq!([at(0, 0), at(111, 225), at(112, 0)], [10, 10, BETWEEN]);
        assert_eq!([at(114, 0), at(225, 111), at(225, 112)], [20, 20, BETWEEN]);
        assert_eq!(whole.pixels.len(), whole.rows * whole.cols * 3);
        assert!(stack("x", &[row(vec![])]).is_none());
    }

    #[test]
    fn a_drawing_of_its_own_has_a_name_space_and_paper() {
        let svg = standalone("<svg width=\"1\"><g/></svg>");
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\">\n<rect"));
    }
}
