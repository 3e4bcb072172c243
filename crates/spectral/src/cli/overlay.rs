//! Merges settings as TOML tables, or by dotted name.

use toml::{Table, Value};

use super::error::CliError;

/// A table with one value at the end of a dotted path.
pub(super) fn nested(path: &str, value: Value) -> Table {
    let (name, value) = match path.split_once('.') {
        Some((name, rest)) => (name, Value::Table(nested(rest, value))),
        None => (path, value),
    };
    Table::from_iter([(name.to_string(), value)])
}

/// Parses `NAME=VALUE`; a value that is not valid TOML is taken as text.
pub(super) fn assignment(text: &str) -> Result<Table, CliError> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| CliError::Usage(format!("--set {text}: expected NAME=VALUE")))?;
    toml::from_str(&format!("{name} = {value}"))
        .or_else(|_| toml::from_str(&format!("{name} = {}", Value::String(value.trim().into()))))
        .map_err(|_| CliError::Usage(format!("--set {text}: '{name}' is not a setting name")))
}

/// Merges `over` into `base`, table by table. A table of another `kind` replaces the old one, since
/// the constants of one optimizer mean nothing to another.
pub(super) fn overlay(base: &mut Table, over: Table) {
    for (name, value) in over {
        match (base.get_mut(&name), value) {
            (Some(Value::Table(there)), Value::Table(value)) if same_kind(there, &value) => {
                overlay(there, value);
            }
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

fn same_kind(base: &Table, over: &Table) -> bool {
    over.get("kind")
        .is_none_or(|kind| base.get("kind") == Some(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(base: &str, over: &str) -> Table {
        let mut base = toml::from_str(base).unwrap();
        overlay(&mut base, toml::from_str(over).unwrap());
        base
    }

    #[test]
    fn what_lies_over_it_hides_a_value_and_keeps_its_neighbors() {
        let both = over("a = 1\nb.c = 2\nb.d = 3", "b.c = 4\ne = 5");
        let expected = toml::from_str("a = 1\nb.c = 4\nb.d = 3\ne = 5").unwrap();
        assert_eq!(both, expected);
    }

    #[test]
    fn another_kind_brings_its_own_constants() {
        let base = "[o]\nkind = 'adam'\nbeta = 1";
        let table = |text: &str| toml::from_str::<Table>(text).unwrap();
        assert_eq!(over(base, "o.kind = 'sgd'"), table("o.kind = 'sgd'"));
        let same = table("[o]\nkind = 'adam'\nbeta = 1\neps = 2");
        assert_eq!(over(base, "[o]\nkind = 'adam'\neps = 2"), same);
        assert_eq!(over(base, "o.eps = 2"), same);
    }

    #[test]
    fn an_assignment_takes_values_and_bare_words() {
        assert_eq!(
            assignment("a.b=1e-7").unwrap(),
            nested("a.b", Value::Float(1e-7))
        );
        assert_eq!(
            assignment("a=zero-one").unwrap(),
            nested("a", "zero-one".into())
        );
        assert_eq!(
            assignment("a={ steps = 3 }").unwrap(),
            nested("a.steps", Value::Integer(3))
        );
        assert!(assignment("a").is_err() && assignment("=3").is_err());
    }
}
