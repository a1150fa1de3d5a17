//! A profile's text as one TOML table: parsed, sources checked, bases merged.

use toml::{Table, Value};

use super::{ProfileError, builtin};

/// Longest chain of `extends`; a longer one goes round.
const DEEPEST: usize = 8;

/// Reads `text` over what it extends.
pub(super) fn load(text: &str, origin: &str) -> Result<Table, ProfileError> {
    let merged = over_its_base(text, origin, DEEPEST)?;
    let sources = merged.get("sources").and_then(Value::as_table).cloned().unwrap_or_default();
    check_table(&merged, "", &sources, origin)?;
    Ok(merged)
}

fn over_its_base(text: &str, origin: &str, deepest: usize) -> Result<Table, ProfileError> {
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| ProfileError::Syntax {
        origin: origin.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    })?;
    let Some(base) = table.remove("extends") else { return Ok(table) };
    let base = base.as_str().unwrap_or_default().to_owned();
    let base_text = builtin::any_text(&base).filter(|_| 0 < deepest);
    let base_text = base_text.ok_or(ProfileError::UnknownBase { origin: origin.to_owned(), base: base.clone() })?;
    let mut merged = over_its_base(base_text, &base, deepest - 1)?;
    merged.remove("name");
    lay_over(&mut merged, table);
    Ok(merged)
}

/// Lays `table` over `base`: tables merge, numbers with their sources and all else are replaced.
fn lay_over(base: &mut Table, table: Table) {
    for (key, value) in table {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) if !is_sourced(&above) => lay_over(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn is_sourced(table: &Table) -> bool {
    table.contains_key("source")
}

/// Refuses a number that stands outside a table with a `source`, and a source that is not described.
fn check_table(table: &Table, path: &str, sources: &Table, origin: &str) -> Result<(), ProfileError> {
    if let Some(source) = table.get("source") {
        let key = source.as_str().unwrap_or_default();
        if sources.contains_key(key) {
            return Ok(());
        }
        return Err(ProfileError::UnknownSource {
            origin: origin.to_owned(),
            path: path.to_owned(),
            source_key: key.to_owned(),
        });
    }
    for (key, value) in table {
        let here = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        check_value(value, &here, sources, origin)?;
    }
    Ok(())
}

fn check_value(value: &Value, path: &str, sources: &Table, origin: &str) -> Result<(), ProfileError> {
    match value {
        Value::Table(table) => check_table(table, path, sources, origin),
        Value::Array(values) => values.iter().try_for_each(|value| check_value(value, path, sources, origin)),
        Value::Integer(_) | Value::Float(_) => {
            Err(ProfileError::NoSource { origin: origin.to_owned(), path: path.to_owned(), value: value.to_string() })
        }
        _ => Ok(()),
    }
}
