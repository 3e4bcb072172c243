//! How templates show numbers. A number that is missing or not finite is shown as "–".

use minijinja::{Environment, Error, ErrorKind, Value};

use spectral_lab::report::{count, duration, significant};

const MISSING: &str = "–";

pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("percent", percent);
    environment.add_filter("points", points);
    environment.add_filter("signed", signed);
    environment.add_filter("times", times);
    environment.add_filter("fixed", fixed);
    environment.add_filter("number", |value: Value| shown(&value, |x| format!("{x}")));
    environment.add_filter("significant", |value: Value| shown(&value, significant));
    environment.add_filter("scientific", |value: Value| {
        shown(&value, |x| format!("{x:.0e}"))
    });
    environment.add_filter("seconds", |value: Value| shown(&value, duration));
    environment.add_filter("count", count);
    environment.add_filter("plural", plural);
    environment.add_filter("size", size);
    environment.add_filter("listed", listed);
}

/// What `form` makes of a number.
fn shown(value: &Value, form: impl Fn(f64) -> String) -> Result<String, Error> {
    if value.is_none() {
        return Ok(MISSING.into());
    }
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    let number = f64::try_from(value.clone()).map_err(|_| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("expected a number, got {}: {value}", value.kind()),
        )
    })?;
    Ok(match number.is_finite() {
        true => form(number),
        false => MISSING.into(),
    })
}

/// A share of 1 in per cent: `0.9127 | percent` is "91.3 %", `| percent(2)` "91.27 %".
fn percent(value: Value, decimals: Option<usize>) -> Result<String, Error> {
    let decimals = decimals.unwrap_or(1);
    shown(&value, |x| {
        format!("{:.decimals$} %", 100.0 * x).replace('-', "−")
    })
}

/// A difference of two shares in percentage points, with its sign: "−1.20".
fn points(value: Value, decimals: Option<usize>) -> Result<String, Error> {
    let decimals = decimals.unwrap_or(2);
    shown(&value, |x| with_sign(100.0 * x, decimals))
}

/// A difference with its sign: `| signed(4)` is "+0.0120".
fn signed(value: Value, decimals: usize) -> Result<String, Error> {
    shown(&value, |x| with_sign(x, decimals))
}

fn with_sign(value: f64, decimals: usize) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{:.decimals$}", value.abs())
}

/// A ratio: "2.63×".
fn times(value: Value, decimals: Option<usize>) -> Result<String, Error> {
    let decimals = decimals.unwrap_or(2);
    shown(&value, |x| format!("{x:.decimals$}×"))
}

/// So many decimals.
fn fixed(value: Value, decimals: usize) -> Result<String, Error> {
    shown(&value, |x| format!("{x:.decimals$}").replace('-', "−"))
}

/// `3 | plural("seed")` is "3 seeds"; an irregular plural is given as well.
fn plural(number: usize, one: &str, many: Option<&str>) -> String {
    let noun = match (number, many) {
        (1, _) => one.into(),
        (_, Some(many)) => many.into(),
        (_, None) => format!("{one}s"),
    };
    format!("{} {noun}", count(number))
}

/// Height and width: "28×28".
fn size(sides: Vec<usize>) -> String {
    let sides: Vec<String> = sides.iter().map(ToString::to_string).collect();
    sides.join("×")
}

/// "a", "a and b", "a, b, and c".
fn listed(items: Vec<String>) -> String {
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [a, b] => format!("{a} and {b}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(template: &str) -> String {
        let mut environment = Environment::new();
        add(&mut environment);
        let context = minijinja::context! {
            nothing => Value::from(()), nan => f64::NAN, some => [1, 2, 3],
        };
        (environment.render_str(template, context)).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn numbers_are_rounded_and_have_their_units() {
        for (template, text) in [
            ("{{ 0.91274 | percent }}", "91.3 %"),
            ("{{ -0.01 | percent(2) }}", "−1.00 %"),
            ("{{ -0.012 | points }}", "−1.20"),
            ("{{ 0.012 | signed(4) }}", "+0.0120"),
            ("{{ 2.6316 | times }}", "2.63×"),
            ("{{ 63.157 | times(1) }}", "63.2×"),
            ("{{ 0.98765 | fixed(3) }}", "0.988"),
            ("{{ 0.8 | number }}", "0.8"),
            ("{{ 20 | number }}", "20"),
            ("{{ 1234.5 | significant }}", "1,230"),
            ("{{ 0.00000016 | scientific }}", "2e-7"),
            ("{{ 245.2 | seconds }}", "4 min 05 s"),
            ("{{ 60000 | count }}", "60,000"),
            ("{{ 1 | plural('seed') }}", "1 seed"),
            ("{{ 3 | plural('class', 'classes') }}", "3 classes"),
            ("{{ [28, 32] | size }}", "28×32"),
            ("{{ ['a', 'b', 'c'] | listed }}", "a, b, and c"),
            ("{{ ['a', 'b'] | listed }}", "a and b"),
            ("{{ nothing | percent }} {{ nan | times }}", "– –"),
        ] {
            assert_eq!(shows(template), text, "{template}");
        }
        let error = shows("{{ some | percent }}");
        assert!(error.contains("expected a number, got sequence"), "{error}");
    }
}
