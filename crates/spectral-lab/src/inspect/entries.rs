//! The results of an inspection in words, each with an explanation.

use super::Inspection;

/// A result and its explanation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// Its name, in a word or two.
    pub label: &'static str,
    /// The value, in words.
    pub value: String,
    /// The explanation, in a sentence.
    pub note: String,
}

/// A group of results.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Section {
    /// The heading.
    pub title: &'static str,
    /// The results.
    pub entries: Vec<Entry>,
}

/// All results in order.
pub(super) fn sections(inspection: &Inspection) -> Vec<Section> {
    vec![
        Section {
            title: "What it computes",
            entries: function(inspection),
        },
        Section {
            title: "Receptive field",
            entries: reach(inspection),
        },
        Section {
            title: "Frequency response",
            entries: frequencies(inspection),
        },
        Section {
            title: "Parameters",
            entries: parameters(inspection),
        },
        Section {
            title: "Cost",
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

/// A residual; rounding errors are shown as 0 with the value in parentheses.
pub fn residual(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        value if value < 1e-5 => {
            format!("0 ({}, rounding)", format!("{value:.0e}").replace('-', "−"))
        }
        value => format!("{value:.3}"),
    }
}

/// A share in percent; number and sign stay on one line.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent == 0.0 || percent.abs() < 1e-7 => "0\u{a0}%".into(),
        percent if percent < 0.01 => "under\u{a0}0.01\u{a0}%".into(),
        percent if percent < 9.95 => format!("{percent:.2}\u{a0}%"),
        percent if percent < 99.95 => format!("{percent:.1}\u{a0}%"),
        percent => format!("{percent:.0}\u{a0}%"),
    }
}

/// Three digits, in exponent form only far from 1.
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
            "The simplest ordinary operation with the same output; the residual is its relative \
             error.",
        ),
        false => (
            format!(
                "none; nearest is {}, residual {}",
                equivalent.kind,
                residual(equivalent.residual)
            ),
            "No flip, shift or convolution is equivalent; the residual is the relative error of \
             the nearest one.",
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
                false => format!("no, relative error {:.2}", map.nonlinearity),
            },
            match map.is_linear {
                true => "The output for a sum of images is the sum of their outputs.",
                false => {
                    "The output for a sum of images is not the sum of their outputs (relative \
                     error); the results below describe responses to single impulses."
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
                "Of a plane wave, {} of the output energy is at other frequencies; of an output \
                 channel, {} comes from input channels other than its strongest.",
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
                1 => "All outputs use the same weighted sum of the input channels: the layer is \
                    color-blind."
                    .to_string(),
                _ => "Number of distinct weighted sums of the input channels that the outputs use."
                    .to_string(),
            },
        ));
    }
    entries.push(entry(
        "shift error",
        format!(
            "{}, flipped {}",
            error(map.shift_error),
            error(map.flipped_shift_error)
        ),
        "Relative difference between the output of a shifted image and the shifted output; 0: \
         shift-equivariant. Flipped: compared with the output shifted the opposite way.",
    ));
    if map.offset > 0.0 {
        entries.push(entry(
            "offset",
            format!("{:.3}", map.offset),
            "Output for a black image, root mean square; subtracted in all other results.",
        ));
    }
    entries
}

fn reach(inspection: &Inspection) -> Vec<Entry> {
    let map = &inspection.map;
    if is_silent(inspection) {
        let note = "The response to a single impulse is zero, so there is no kernel.";
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
            "Distance between an input pixel and its effect on the output, root mean square; 0: \
             pointwise.",
        ),
        entry(
            "energy within",
            windows.join(", "),
            "Share of a pixel's effect within a window around it: how small a kernel would \
             suffice.",
        ),
        entry(
            "wrap-around",
            percent(map.wrapped),
            "Share that leaves the image and re-enters at the opposite border, as in a circular \
             convolution.",
        ),
        entry(
            "causal",
            format!("down {}, across {}", causal(0), causal(1)),
            "Whether an output depends only on pixels above it, or left of it; in parentheses, the \
             share from other pixels.",
        ),
    ]
}

/// Whether all impulse responses are zero.
fn is_silent(inspection: &Inspection) -> bool {
    inspection.map.conditioning.largest == 0.0
}

fn frequencies(inspection: &Inspection) -> Vec<Entry> {
    let gains = &inspection.map.conditioning;
    if is_silent(inspection) {
        let note = "Measured from impulse responses, which are zero.";
        return vec![entry("gain", "none", note)];
    }
    vec![
        entry(
            "gain",
            format!("{:.3} to {:.3}", gains.smallest, gains.largest),
            "Factor by which the most attenuated and the strongest plane wave are multiplied.",
        ),
        entry(
            "conditioning",
            match gains.ratio {
                ratio if ratio > 1e9 => "infinite".into(),
                ratio if ratio >= 1000.0 => format!("{ratio:.1e}"),
                ratio => format!("{ratio:.1}"),
            },
            "Largest gain over smallest gain; 1: all waves pass equally; if it is large, some \
             waves are nearly lost and cannot be recovered.",
        ),
        entry(
            "lost",
            format!("{} of frequencies", percent(gains.lost)),
            "Waves with a gain below a thousandth of the largest.",
        ),
    ]
}

fn parameters(inspection: &Inspection) -> Vec<Entry> {
    let report = &inspection.parameters;
    if report.count() == 0 {
        return vec![entry("parameters", "none", "No trainable parameters.")];
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
        "Parameters with zero gradient for any image and loss: they never learn and have no effect.",
    )];
    match &report.redundancy {
        Some(redundancy) => {
            let own = redundancy
                .parameters
                .iter()
                .filter(|own| own.rank < own.coordinates);
            let own: Vec<String> = own
                .map(|own| {
                    format!(
                        "{} {} of {}",
                        own.name,
                        own.coordinates - own.rank,
                        own.coordinates
                    )
                })
                .collect();
            let mut value = format!(
                "{} of {}, rank {}",
                redundancy.redundant, redundancy.coordinates, redundancy.rank
            );
            if !own.is_empty() {
                value += &format!(" ({})", own.join(", "));
            }
            let note = "Directions in parameter space that do not change the output, including the \
                        dead parameters; the rank counts the others.";
            entries.push(entry("redundant", value, note));
        }
        None => entries.push(entry(
            "redundant",
            "not computed",
            "The layer is too large to count redundant directions; try a smaller --shape.",
        )),
    }
    let gradients = report.parameters.iter();
    let gradients: Vec<String> = gradients
        .map(|p| format!("{} {}", p.name, digits(p.gradient)))
        .collect();
    entries.push(entry(
        "gradients",
        gradients.join(", "),
        "Gradient of a random loss per parameter, root mean square; 0: never learns.",
    ));
    if let Some(by) = inspection.discarded_by {
        entries.push(entry(
            "discarded",
            format!(
                "{} of the energy: keeps only the {by}",
                percent(inspection.discarded_energy)
            ),
            match by {
                "magnitude" => {
                    "The layer computes complex numbers and keeps their magnitudes; this is the \
                     share of energy in signs and phases, which no scaling of the magnitudes \
                     recovers."
                }
                _ => {
                    "The layer computes complex images and keeps their real part; this is the \
                     share of energy in the imaginary part."
                }
            },
        ));
    }
    entries
}

fn cost(inspection: &Inspection) -> Vec<Entry> {
    let cost = &inspection.cost;
    let kind = match cost.depthwise {
        true => "depthwise",
        false => "all channels",
    };
    let time = match (cost.kernel_by_time, cost.convolutions_ms.last()) {
        (Some(kernel), _) => format!("from {kernel}x{kernel}"),
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
                "Trainable parameters; an image and its output need another {} bytes.",
                cost.image_bytes
            ),
        ),
        entry(
            "multiply-adds",
            format!("{} per image", cost.multiply_adds),
            "Multiply-adds of a forward pass, a measure of arithmetic, not of time.",
        ),
        entry(
            "time",
            format!(
                "{:.3} ms forward, {:.3} ms with backward",
                cost.forward_ms, cost.both_ms
            ),
            format!(
                "Medians for batches of {} images on this machine.",
                cost.batch
            ),
        ),
        entry(
            "break-even kernel",
            format!(
                "from {0}x{0} by arithmetic, {time} by time",
                cost.kernel_by_multiply_adds
            ),
            format!(
                "Kernel size from which an ordinary convolution ({kind}), evaluated directly, \
                 costs more than the layer."
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
