//! A template filled with figures: Markdown in which exhibits are marked.

use std::fmt::Write as _;
use std::sync::Arc;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
};

use super::filters;

/// Encloses the name of an exhibit; not a character of any text.
pub(super) const MARK: char = '\u{E000}';

/// Between the function that places an exhibit, its name and that of its axis.
pub(super) const PART: char = '\u{E001}';

/// Where the stand-ins of characters with a meaning in Markdown begin.
const STAND_INS: u32 = 0xE100;

/// Characters of figures that must not be taken for structure.
const STRUCTURE: &str = "#|>-*+\\";

/// Macros of what several studies say in the same words.
const SHARED: [(&str, &str); 2] = [
    (
        "comparison",
        include_str!("../comparison/comparison.md.jinja"),
    ),
    ("pictures", include_str!("../pictures.md.jinja")),
];

/// Fills the template; `exhibits` are the names of what it can place, with the function that places each.
pub(super) fn render(
    study: &str,
    template: &str,
    exhibits: Arc<Vec<(&'static str, String)>>,
    context: Value,
) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // So that what macros give is told from figures.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
    environment.set_formatter(format);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    filters::add(&mut environment);
    for function in ["table", "strip"] {
        let exhibits = exhibits.clone();
        environment.add_function(function, move |name: &str| {
            place(&exhibits, function, name, "")
        });
    }
    environment.add_function("chart", move |name: &str, options: Kwargs| {
        let axis = options.get::<Option<String>>("x")?.unwrap_or_default();
        options.assert_all_used()?;
        place(&exhibits, "chart", name, &axis)
    });
    for (name, text) in SHARED {
        environment.add_template(name, text)?;
    }
    let name = format!("{study}/page.md.jinja");
    environment.add_template_owned(name.clone(), template.to_string())?;
    environment.get_template(&name)?.render(context)
}

/// An error with its place.
pub(super) fn explain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        // Writing to a String does not fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// The mark of an exhibit.
fn place(
    exhibits: &[(&'static str, String)],
    function: &str,
    name: &str,
    axis: &str,
) -> Result<Value, Error> {
    let has = |of: &str| {
        exhibits
            .iter()
            .any(|(own, known)| (*own, &**known) == (of, name))
    };
    if has(function) {
        let mark = format!("{MARK}{function}{PART}{name}{PART}{axis}{MARK}");
        return Ok(Value::from_safe_string(mark));
    }
    let other = ["table", "chart", "strip"].into_iter().find(|of| has(of));
    let known = exhibits.iter().filter(|(own, _)| *own == function);
    let known: Vec<&str> = known.map(|(_, name)| name.as_str()).collect();
    let problem = match other {
        Some(other) => format!("`{name}` is a {other}, not a {function}"),
        None if known.is_empty() => format!("no {function} is named `{name}`; there is none"),
        None => format!(
            "no {function} is named `{name}`; there are: {}",
            known.join(", ")
        ),
    };
    Err(Error::new(ErrorKind::InvalidOperation, problem))
}

/// Writes a figure as text on one line without structure.
fn format(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let refuse = |what: &str| Err(Error::new(ErrorKind::InvalidOperation, what.to_string()));
    if value.is_safe() {
        return Ok(out.write_str(value.as_str().unwrap_or_default())?);
    }
    match value.kind() {
        ValueKind::Undefined => refuse("undefined value"),
        ValueKind::String => Ok(out.write_str(&plain(value.as_str().unwrap_or_default()))?),
        ValueKind::Number if value.is_integer() => Ok(write!(out, "{value}")?),
        ValueKind::Number => {
            refuse("a number with a fraction needs a filter, such as `significant`")
        }
        kind => refuse(&format!("expected a text or a whole number, got {kind}")),
    }
}

/// Text without line breaks in which no character is structure; stand-ins stay, so that text may pass
/// through macros and `~`.
fn plain(text: &str) -> String {
    let stand_in = |character: char| match character {
        '\n' | '\r' => Some(' '),
        MARK..='\u{E0FF}' => None,
        _ if STRUCTURE.contains(character) => char::from_u32(STAND_INS + character as u32),
        _ => Some(character),
    };
    text.chars().filter_map(stand_in).collect()
}

/// The text of a line as readers see it: stand-ins back to themselves, runs of spaces to one.
pub(super) fn readable(text: &str) -> String {
    let words = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let own = |character: char| match u32::from(character).checked_sub(STAND_INS) {
        Some(own @ 0..=0x7F) => char::from_u32(own).unwrap_or(character),
        _ => character,
    };
    words.chars().map(own).collect()
}
