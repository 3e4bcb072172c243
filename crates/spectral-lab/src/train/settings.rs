//! Comparing settings.

use toml::{Table, Value};

/// A setting that differs.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// Its path, such as `train.batch_size`.
    pub(super) field: String,
    pub(super) then: String,
    pub(super) now: String,
}

/// The first setting that differs between two tables, in alphabetical order, leaving out those in
/// `ignored`.
pub(super) fn first_difference(then: &Table, now: &Table, ignored: &[&str]) -> Option<Difference> {
    tables("", then, now, ignored)
}

fn tables(prefix: &str, then: &Table, now: &Table, ignored: &[&str]) -> Option<Difference> {
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    names.into_iter().find_map(|name| {
        let field = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        if ignored.contains(&field.as_str()) {
            return None;
        }
        match (then.get(name), now.get(name)) {
            (Some(Value::Table(then)), Some(Value::Table(now))) => {
                tables(&field, then, now, ignored)
            }
            (then, now) if then == now => None,
            (then, now) => Some(Difference {
                field,
                then: shown(then),
                now: shown(now),
            }),
        }
    })
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "not set".to_string(), Value::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(then: &str, now: &str, ignored: &[&str]) -> Option<Difference> {
        first_difference(
            &toml::from_str(then).unwrap(),
            &toml::from_str(now).unwrap(),
            ignored,
        )
    }

    #[test]
    fn a_difference_is_found_at_any_depth_and_named_by_its_path() {
        let found = difference("a = 1\n[b]\nc = 2", "a = 1\n[b]\nc = 3", &[]).unwrap();
        let expected = Difference {
            field: "b.c".into(),
            then: "2".into(),
            now: "3".into(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_setting_on_one_side_only_differs() {
        let found = difference("a = 1", "", &[]).unwrap();
        assert_eq!((found.field.as_str(), found.now.as_str()), ("a", "not set"));
    }

    #[test]
    fn equal_and_ignored_settings_do_not_differ() {
        assert_eq!(difference("[a]\nb = 1", "[a]\nb = 1", &[]), None);
        assert_eq!(difference("[a]\nb = 1", "[a]\nb = 2", &["a.b"]), None);
    }
}
