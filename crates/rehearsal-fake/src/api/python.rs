//! How Python writes values: `repr` in vLLM's validation messages, `json.dumps` in errors inside a stream.

use std::fmt::Write as _;

use serde_json::Value;

use super::python_json::Beyond;

/// The name of the type that a value has in Python.
pub(crate) fn python_type(value: &Value) -> &'static str {
    match Beyond::of(value) {
        Some(Beyond::Constant(_)) => return "float",
        Some(Beyond::Integer(_)) => return "int",
        None => {}
    }
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// `repr(value)` of a JSON value as Python reads it.
pub(crate) fn repr(value: &Value) -> String {
    let mut out = String::new();
    write_repr(&mut out, value);
    out
}

fn write_repr(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => match Beyond::parse(text) {
            Some(number) => out.push_str(number.repr()),
            None => write_str_repr(out, text),
        },
        Value::Array(items) => write_list(out, items, write_repr),
        Value::Object(fields) => {
            out.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_str_repr(out, key);
                out.push_str(": ");
                write_repr(out, value);
            }
            out.push('}');
        }
    }
}

/// `repr(text)`: single quotes unless the text has them and no double quotes.
pub(crate) fn str_repr(text: &str) -> String {
    let mut out = String::new();
    write_str_repr(&mut out, text);
    out
}

fn write_str_repr(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if character == quote => out.extend(['\\', character]),
            _ if u32::from(character) < 0x20 || (0x7f..0xa0).contains(&u32::from(character)) => {
                write!(out, "\\x{:02x}", u32::from(character)).expect("a string takes all text");
            }
            _ => out.push(character),
        }
    }
    out.push(quote);
}

/// `json.dumps(value, ensure_ascii=False)`: a space after each comma and colon.
pub(crate) fn dumps(value: &Value) -> String {
    let mut out = String::new();
    write_dumps(&mut out, value);
    out
}

fn write_dumps(out: &mut String, value: &Value) {
    match value {
        Value::Array(items) => write_list(out, items, write_dumps),
        Value::Object(fields) => {
            out.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(": ");
                write_dumps(out, value);
            }
            out.push('}');
        }
        Value::Number(number) => write_number(out, number),
        other => out.push_str(&other.to_string()),
    }
}

fn write_list(out: &mut String, items: &[Value], write: fn(&mut String, &Value)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        write(out, item);
    }
    out.push(']');
}

fn write_number(out: &mut String, number: &serde_json::Number) {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) => out.push_str(&float_repr(float)),
        None => out.push_str(&number.to_string()),
    }
}

/// `repr(float)`: the shortest digits that read back, exponents below 1e-4 and from 1e16 on.
pub(crate) fn float_repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if 0.0 < value { "inf" } else { "-inf" }.to_owned();
    }
    let size = value.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        // `Debug` switches to exponents below 1e-5, `Display` never does
        let text = value.to_string();
        return if text.contains('.') { text } else { text + ".0" };
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What `CPython` 3.12 prints.
    #[test]
    fn values_look_as_python_prints_them() {
        let value = json!({"a": [1, 2.0, null, true], "it's": "a \"b\" it's\n"});
        assert_eq!(repr(&value), r#"{'a': [1, 2.0, None, True], "it's": 'a "b" it\'s\n'}"#);
        assert_eq!(dumps(&json!({"a": [1, "é"]})), r#"{"a": [1, "é"]}"#);
    }

    #[test]
    fn floats_look_as_python_prints_them() {
        for (value, expect) in [
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (2.0, "2.0"),
            (-0.1, "-0.1"),
        ] {
            assert_eq!(float_repr(value), expect);
        }
    }
}
