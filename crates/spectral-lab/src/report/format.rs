//! Formats numbers for readers.

/// Placeholder for a number that is missing or not finite.
pub(super) const MISSING: &str = "–";

/// A count with thousands separated: `1,234,567`.
pub fn count(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A proportion between 0 and 1 in percent, without the sign: `91.27`.
pub(super) fn percent(share: f64, decimals: usize) -> String {
    if share.is_finite() {
        format!("{:.decimals$}", share * 100.0)
    } else {
        MISSING.into()
    }
}

/// Three significant digits, never in exponent form below a billion: `0.0123`, `1.23`, `12.3`, `123`, `1,230`.
pub fn significant(value: f64) -> String {
    if !value.is_finite() {
        return MISSING.into();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.1e}").replace('-', "−");
    }
    // Rounding may carry into another digit (9.996 becomes 10.0), so the exponent is that of the
    // rounded value.
    let rounded: f64 = format!("{size:.2e}").parse().unwrap_or(size);
    let decimals = (2 - rounded.log10().floor() as i32).max(0) as usize;
    let sign = if value < 0.0 { "−" } else { "" };
    if rounded >= 1000.0 {
        format!("{sign}{}", count(rounded as usize))
    } else {
        format!("{sign}{rounded:.decimals$}")
    }
}

/// A duration for people: `12.3 s`, `4 min 05 s`, `2 h 07 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return MISSING.into();
    }
    if seconds < 59.95 {
        return format!("{} s", significant(seconds));
    }
    let whole = seconds.round() as u64;
    if whole < 3600 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        let minutes = (whole + 30) / 60;
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    }
}

/// A ratio to the baseline, two significant digits: `0.52×`, `1.8×`, `12×`.
pub(super) fn ratio(value: f64) -> String {
    if !value.is_finite() {
        MISSING.into()
    } else if value >= 9.95 {
        format!("{}×", count(value.round() as usize))
    } else if value >= 0.995 {
        format!("{value:.1}×")
    } else {
        format!("{value:.2}×")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(value), text);
        }
    }

    #[test]
    fn significant_digits_are_three_at_every_size() {
        for (value, text) in [
            (0.0, "0"),
            (0.012_34, "0.0123"),
            (0.9996, "1.00"),
            (9.996, "10.0"),
            (12.34, "12.3"),
            (999.6, "1,000"),
            (12_345.0, "12,300"),
            (-1.5, "−1.50"),
            (1e-7, "1.0e−7"),
            (f64::NAN, MISSING),
            (f64::INFINITY, MISSING),
        ] {
            assert_eq!(significant(value), text, "{value}");
        }
    }

    #[test]
    fn durations_change_their_unit() {
        for (seconds, text) in [
            (0.5, "0.500 s"),
            (59.9, "59.9 s"),
            (59.99, "1 min 00 s"),
            (245.2, "4 min 05 s"),
            (7620.0, "2 h 07 min"),
            (3599.6, "1 h 00 min"),
            (f64::NAN, MISSING),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn ratios_have_two_significant_digits() {
        for (value, text) in [
            (0.516, "0.52×"),
            (1.0, "1.0×"),
            (9.96, "10×"),
            (1234.4, "1,234×"),
            (f64::NAN, MISSING),
        ] {
            assert_eq!(ratio(value), text);
        }
    }

    #[test]
    fn percentages_of_nothing_are_missing() {
        assert_eq!(percent(0.91274, 2), "91.27");
        assert_eq!(percent(f64::NAN, 2), MISSING);
    }
}
