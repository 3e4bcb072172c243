//! The figures of an inspection in words, each with a line for who has never seen it.

use super::Inspection;

/// A figure and what it means.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// What it is, in a word or two.
    pub label: &'static str,
    /// The figure, in words.
    pub value: String,
    /// What it means, in a sentence.
    pub note: String,
}

/// Figures that belong together.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Section {
    /// What they are about.
    pub title: &'static str,
    /// The figures.
    pub entries: Vec<Entry>,
}

/// All figures in their order.
pub(super) fn sections(inspection: &Inspection) -> Vec<Section> {
    vec![
        Section {
            title: "What it computes",
            entries: function(inspection),
        },
        Section {
            title: "Where it looks",
            entries: reach(inspection),
        },
        Section {
            title: "What it does to frequencies",
            entries: frequencies(inspection),
        },
        Section {
            title: "What its parameters do",
            entries: parameters(inspection),
        },
        Section {
            title: "What it costs",
            entries: cost(inspection),
        },
    ]
}

fn entry(label: &'static str, value: impl Into<String>, note: impl Into<String>) -> Entry {
    Entry {
        label,
        value: value.into(),
        note: note.into(),
    }
}

/// A residual: 0 with what is left of it where it is rounding.
pub fn residual(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        value if value < 1e-5 => {
            format!("0 ({}, rounding)", format!("{value:.0e}").replace('-', "−"))
        }
        value => format!("{value:.3}"),
    }
}

/// A share in per cent; number and sign stay on one line.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent == 0.0 || percent.abs() < 1e-7 => "0\u{a0}%".into(),
        percent if percent < 0.01 => "under\u{a0}0.01\u{a0}%".into(),
        percent if percent < 9.95 => format!("{percent:.2}\u{a0}%"),
        percent if percent < 99.95 => format!("{percent:.1}\u{a0}%"),
        percent => format!("{percent:.0}\u{a0}%"),
    }
}

/// Three digits, as a power of ten only where it is far from 1.
fn digits(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e4).contains(&size) => format!("{value:.1e}"),
        size if size < 1.0 => format!("{value:.3}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// An error relative to the output.
fn error(value: f64) -> String {
    match value < 1e-5 {
        true => "0".into(),
        false => format!("{value:.2}"),
    }
}

fn function(inspection: &Inspection) -> Vec<Entry> {
    let map = &inspection.map;
    let equivalent = &inspection.equivalent;
    let (value, note) = match inspection.is_equal {
        true => (
            format!(
                "{}, residual {}",
                equivalent.kind,
                residual(equivalent.residual)
            ),
            "The simplest ordinary operation that gives the same output; the residual is the part it \
             misses.",
        ),
        false => (
            format!(
                "none; nearest is {}, residual {}",
                equivalent.kind,
                residual(equivalent.residual)
            ),
            "No flip, shift or convolution does the same; the residual is the part that the nearest one \
             misses, of 1.",
        ),
    };
    let mixing = &map.mixing;
    let [inputs, _] = map.channels;
    let mut entries = vec![
        entry("equivalent to", value, note),
        entry(
            "linear",
            match map.is_linear {
                true => "yes".to_string(),
                false => format!("no, {:.2} off", map.nonlinearity),
            },
            match map.is_linear {
                true => "The output of a sum of images is the sum of their outputs.",
                false => {
                    "A sum of images does not give the sum of their outputs, but something so far off \
                     (of 1); figures below describe its answers to single points."
                }
            },
        ),
        entry(
            "mixes",
            match (mixing.frequencies, mixing.channels) {
                (true, true) => "both frequencies and channels",
                (false, false) => "neither frequencies nor channels",
                _ => mixing.words(),
            },
            format!(
                "Of a pure wave {} comes out at other frequencies; of an output channel {} comes from \
                 other input channels than its strongest.",
                percent(mixing.frequency_share),
                percent(mixing.channel_share)
            ),
        ),
    ];
    if let Some(combinations) = mixing.combinations.filter(|_| inputs > 1) {
        entries.push(entry(
            "sees",
            format!("{combinations} of {inputs} channels"),
            match combinations {
                1 => "All outputs see one and the same weighted sum of the input channels: color-blind."
                    .to_string(),
                _ => "How many different weighted sums of the input channels the outputs are made of."
                    .to_string(),
            },
        ));
    }
    entries.push(entry(
        "shift error",
        format!("{}, flipped {}", error(map.shift_error), error(map.flipped_shift_error)),
        "How far the output of a shifted image is from the shifted output, of 1; 0: it does the same \
         everywhere. Flipped: from the output shifted the other way.",
    ));
    if map.offset > 0.0 {
        entries.push(entry(
            "offset",
            format!("{:.3}", map.offset),
            "What comes out of a black image, root mean square; left out of all other figures.",
        ));
    }
    entries
}

fn reach(inspection: &Inspection) -> Vec<Entry> {
    let map = &inspection.map;
    if is_silent(inspection) {
        let note = "A single point gives nothing, so that there is no kernel to look at.";
        return vec![entry("kernel", "none", note)];
    }
    let windows: Vec<String> = (map.windows.iter())
        .filter(|window| [1, 3, 5, 7, 15].contains(&window.taps))
        .map(|window| format!("{}x{} {}", window.taps, window.taps, percent(window.share)))
        .collect();
    let causal = |axis: usize| match map.ahead[axis] < 1e-9 {
        true => "yes".to_string(),
        false => format!("no ({})", percent(map.ahead[axis])),
    };
    vec![
        entry(
            "energy radius",
            format!("{:.2} pixels", map.energy_radius),
            "How far from a pixel lies what it adds to the output, root mean square; 0: it stays in \
             place.",
        ),
        entry(
            "energy within",
            windows.join(", "),
            "The share of what a pixel adds that falls within a window around it: how small a kernel \
             would do.",
        ),
        entry(
            "over the border",
            percent(map.wrapped),
            "The share that leaves the image and comes in again at the opposite border, as a circular \
             transform has it.",
        ),
        entry(
            "causal",
            format!("down {}, across {}", causal(0), causal(1)),
            "Whether an output depends on pixels above it, or left of it, alone; in brackets the share \
             that comes from the others.",
        ),
    ]
}

/// Whether nothing comes out of single points.
fn is_silent(inspection: &Inspection) -> bool {
    inspection.map.conditioning.largest == 0.0
}

fn frequencies(inspection: &Inspection) -> Vec<Entry> {
    let gains = &inspection.map.conditioning;
    if is_silent(inspection) {
        let note = "It is read off the answers to single points, and they are nothing.";
        return vec![entry("gain", "none", note)];
    }
    vec![
        entry(
            "gain",
            format!("{:.3} to {:.3}", gains.smallest, gains.largest),
            "What the weakest and the strongest wave (a pattern of stripes) is multiplied by.",
        ),
        entry(
            "conditioning",
            match gains.ratio {
                ratio if ratio > 1e9 => "infinite".into(),
                ratio if ratio >= 1000.0 => format!("{ratio:.1e}"),
                ratio => format!("{ratio:.1}"),
            },
            "The strongest gain over the weakest: 1 treats all waves alike; where it is large some hardly \
             pass and cannot be had back.",
        ),
        entry(
            "lost",
            format!("{} of frequencies", percent(gains.lost)),
            "Waves whose gain is under a thousandth of the strongest.",
        ),
    ]
}

fn parameters(inspection: &Inspection) -> Vec<Entry> {
    let report = &inspection.parameters;
    if report.count() == 0 {
        return vec![entry("parameters", "none", "Nothing in it learns.")];
    }
    let dead = match inspection.dead_parameters.as_slice() {
        [] => "none".to_string(),
        dead => {
            let named = dead
                .iter()
                .map(|dead| format!("{}: {}", dead.name, dead.count));
            named.collect::<Vec<_>>().join(", ")
        }
    };
    let mut entries = vec![entry(
        "dead",
        dead,
        "Parameters with no gradient for any image or loss: they never learn and change nothing.",
    )];
    match &report.redundancy {
        Some(redundancy) => {
            let own = redundancy.parameters.iter().filter(|own| own.rank < own.coordinates);
            let own: Vec<String> = own
                .map(|own| format!("{} {} of {}", own.name, own.coordinates - own.rank, own.coordinates))
                .collect();
            let mut value = format!(
                "{} of {}, rank {}",
                redundancy.redundant, redundancy.coordinates, redundancy.rank
            );
            if !own.is_empty() {
                value += &format!(" ({})", own.join(", "));
            }
            let note = "Directions in which the parameters may move and nothing changes, the dead ones \
                        among them; the rank counts the others.";
            entries.push(entry("redundant", value, note));
        }
        None => entries.push(entry(
            "redundant",
            "not counted",
            "The layer is too large to count directions that change nothing; a smaller --shape may do.",
        )),
    }
    let gradients = report.parameters.iter();
    let gradients: Vec<String> = gradients
        .map(|p| format!("{} {}", p.name, digits(p.gradient)))
        .collect();
    entries.push(entry(
        "gradients",
        gradients.join(", "),
        "How strongly a random loss pulls at each number of a parameter, root mean square; 0 never \
         learns.",
    ));
    if let Some(by) = inspection.discarded_by {
        entries.push(entry(
            "thrown away",
            format!(
                "{} of the energy: it keeps the {by}",
                percent(inspection.discarded_energy)
            ),
            match by {
                "magnitude" => {
                    "The layer computes complex numbers and keeps their magnitudes; this is the part \
                     that no multiple of them brings back: signs and phases."
                }
                _ => {
                    "The layer computes complex images and keeps their real part; this much of their \
                     energy is in the imaginary part."
                }
            },
        ));
    }
    entries
}

fn cost(inspection: &Inspection) -> Vec<Entry> {
    let cost = &inspection.cost;
    let kind = match cost.depthwise {
        true => "one kernel a channel",
        false => "all channels",
    };
    let time = match (cost.kernel_by_time, cost.convolutions_ms.last()) {
        (Some(kernel), _) => format!("from {kernel}x{kernel} on"),
        (None, Some((kernel, _))) => format!("none up to {kernel}x{kernel}"),
        (None, None) => "not measured".into(),
    };
    vec![
        entry(
            "parameters",
            match cost.fixed_parameters {
                0 => format!("{}, {} bytes", cost.parameters, cost.parameter_bytes),
                fixed => format!(
                    "{}, and {fixed} fixed, {} bytes",
                    cost.parameters, cost.parameter_bytes
                ),
            },
            format!(
                "Numbers it learns; an image and its output take {} bytes more.",
                cost.image_bytes
            ),
        ),
        entry(
            "multiply-adds",
            format!("{} an image", cost.multiply_adds),
            "Products, each with an addition, of a forward pass: a count of arithmetic and no time.",
        ),
        entry(
            "time",
            format!(
                "{:.3} ms forward, {:.3} ms with backward",
                cost.forward_ms, cost.both_ms
            ),
            format!(
                "Medians for {} images at a time on this machine, now.",
                cost.batch
            ),
        ),
        entry(
            "conv costs more",
            format!(
                "from {0}x{0} on by arithmetic, {time} by time",
                cost.kernel_by_multiply_adds
            ),
            format!(
                "The kernel from which an ordinary convolution ({kind}), tap by tap, costs more than the \
                 layer."
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_stay_with_their_sign() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.012"),
            (1.29, "1.29"),
            (28.1, "28.1"),
            (281.0, "281"),
            (2.5e-6, "2.5e-6"),
            (1.2e5, "1.2e5"),
        ] {
            assert_eq!(digits(value), text);
        }
        for (share, text) in [
            (0.0, "0\u{a0}%"),
            (1e-6, "under\u{a0}0.01\u{a0}%"),
            (0.0742, "7.42\u{a0}%"),
            (0.452, "45.2\u{a0}%"),
            (0.99999, "100\u{a0}%"),
        ] {
            assert_eq!(percent(share), text);
        }
    }
}
