//! What templates written for Python's Jinja expect beyond Jinja itself.
//!
//! After `transformers/utils/chat_template_utils.py` (`_compile_jinja_template`). `strftime_now` is missing on purpose: a prompt must not
//! depend on the day; templates that ask for it test whether it is defined.

use minijinja::{Environment, Error, ErrorKind, Value, syntax::SyntaxConfig, value::Kwargs};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// An environment set up like that of Hugging Face's `transformers`.
pub(super) fn environment() -> Environment<'static> {
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    let mut environment = Environment::new();
    environment.set_syntax(syntax.expect("the default delimiters are valid"));
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_filter("tojson", to_json);
    environment.add_function("raise_exception", raise_exception);
    environment
}

fn raise_exception(message: String) -> Result<String, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// `json.dumps(value, ensure_ascii=False, indent=indent)`; the built-in filter escapes for HTML and writes no spaces.
#[expect(clippy::needless_pass_by_value, reason = "template functions take owned arguments")]
fn to_json(value: Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let unwritable = |error: serde_json::Error| Error::new(ErrorKind::BadSerialization, error.to_string());
    let json = match indent {
        Some(indent) => {
            let spaces = " ".repeat(indent.min(16));
            written(&value, PrettyFormatter::with_indent(spaces.as_bytes()))
        }
        None => written(&value, OneLine),
    };
    let json = json.map_err(unwritable)?;
    String::from_utf8(json).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

fn written(value: &Value, formatter: impl Formatter) -> Result<Vec<u8>, serde_json::Error> {
    let mut json = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut json, formatter))?;
    Ok(json)
}

/// Python's default separators: `, ` and `: `.
struct OneLine;

impl OneLine {
    fn separate<W: ?Sized + std::io::Write>(writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}

impl Formatter for OneLine {
    fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        Self::separate(writer, first)
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        Self::separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(source: &str, expect: &str) {
        let value = json!({"b": [1, 2.5, "<é>"], "a": null, "c": {}});
        let rendered = environment().render_str(source, minijinja::context! { value => Serde(&value) });
        assert_eq!(rendered.expect("a template"), expect);
    }

    #[test]
    fn json_is_written_as_python_writes_it() {
        // the oracle is CPython's `json.dumps(.., ensure_ascii=False)`
        check("{{ value | tojson }}", r#"{"b": [1, 2.5, "<é>"], "a": null, "c": {}}"#);
        check("{{ value.b | tojson(indent=2) }}", "[\n  1,\n  2.5,\n  \"<é>\"\n]");
    }

    #[test]
    fn methods_of_python_strings_work() {
        check("{{ ' x '.strip() ~ 'abc'.startswith('a') }}", "xTrue");
    }

    #[test]
    fn a_template_can_refuse() {
        let error = environment().render_str("{{ raise_exception('no system turn') }}", ()).expect_err("it refuses");
        assert_eq!(error.detail(), Some("no system turn"));
    }
}
