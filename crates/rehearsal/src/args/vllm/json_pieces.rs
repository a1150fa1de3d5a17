//! JSON values in pieces: `--compilation-config.mode 3`, `--hf-overrides.list+ a`.

use serde_json::{Map, Value};

/// Puts `value` into `object` at a path such as `cudagraph.sizes+`, as vLLM's parser does (`FlexibleArgumentParser`,
/// `utils/argparse_utils.py` of 0.13.0): JSON where it is JSON, else text; a `+` appends, and splits the text at commas.
pub(super) fn put(object: &mut Map<String, Value>, path: &str, value: &str) -> Result<(), String> {
    let (path, appends) = path.strip_suffix('+').map_or((path, false), |path| (path, true));
    let (parents, last) = path.rsplit_once('.').map_or((None, path), |(parents, last)| (Some(parents), last));
    if path.split('.').any(str::is_empty) {
        return Err(format!("`.{path}` names no key"));
    }
    let mut level = object;
    for key in parents.into_iter().flat_map(|parents| parents.split('.')) {
        let inner = level.entry(key).or_insert_with(|| Map::new().into());
        level = match inner {
            Value::Object(inner) => inner,
            other => return Err(format!("`{key}` is {other} already and cannot hold `{last}`")),
        };
    }
    if !appends {
        level.insert(last.to_owned(), parse(value));
        return Ok(());
    }
    match level.entry(last).or_insert_with(|| Value::Array(Vec::new())) {
        Value::Array(items) => items.extend(value.split(',').map(parse)),
        other => return Err(format!("`{last}` is {other} already and no list")),
    }
    Ok(())
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The equivalences that vLLM's help text promises.
    #[test]
    fn pieces_make_the_object_that_the_help_text_promises() {
        let mut object = Map::new();
        for (path, value) in
            [("key1", "value1"), ("key2.key3", "value2"), ("key4+", "value3"), ("key4+", "value4,value5")]
        {
            put(&mut object, path, value).unwrap();
        }
        let whole = r#"{"key1":"value1","key2":{"key3":"value2"},"key4":["value3","value4","value5"]}"#;
        assert_eq!(Value::Object(object).to_string(), whole);
    }

    #[test]
    fn a_value_is_no_object_and_no_list_afterwards() {
        let mut object = Map::new();
        put(&mut object, "mode", "3").unwrap();
        assert!(put(&mut object, "mode.x", "1").unwrap_err().contains("`mode` is 3 already"));
        assert!(put(&mut object, "mode+", "1").is_err());
        assert!(put(&mut object, "a..b", "1").is_err());
    }
}
