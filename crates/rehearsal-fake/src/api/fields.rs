//! Reads typed fields from a body and collects what does not fit, with pydantic's rules for values of another JSON type.

use serde_json::{Map, Value};

use super::{
    python_json::Beyond,
    validation::{Loc, Problem},
};
use crate::version::Coercion;

/// Strings that pydantic takes for true, in lower case.
const TRUE: [&str; 6] = ["1", "on", "t", "true", "y", "yes"];

/// Strings that pydantic takes for false.
const FALSE: [&str; 6] = ["0", "off", "f", "false", "n", "no"];

/// A JSON object being read. A null is the same as an absent key.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    body: &'a Map<String, Value>,
    coercion: Coercion,
    prefix: Vec<Loc>,
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(body: &'a Map<String, Value>, coercion: Coercion) -> Self {
        Self { body, coercion, prefix: Vec::new(), problems: Vec::new() }
    }

    /// What did not fit so far.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// How values of another JSON type are taken.
    pub(super) fn coercion(&self) -> Coercion {
        self.coercion
    }

    /// Adds something that does not fit.
    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Adds all that does not fit.
    pub(super) fn problems(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems);
    }

    /// The value under `key` unless it is null.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.body.get(key).filter(|value| !value.is_null())
    }

    /// Whether `key` is there and null.
    pub(super) fn is_null(&self, key: &str) -> bool {
        self.body.get(key).is_some_and(Value::is_null)
    }

    pub(super) fn int(&mut self, key: &str) -> Option<i64> {
        let value = self.value(key)?;
        let outcome = int(value, self.coercion);
        self.take(key, value, outcome)
    }

    /// An integer of 64 bits: pydantic's `ge` and `le` with the limits of C's `long`.
    pub(super) fn long(&mut self, key: &str) -> Option<i64> {
        if let Some(value @ Value::String(_)) = self.value(key)
            && let Some(Beyond::Integer(digits)) = Beyond::of(value)
        {
            let (kind, compared, name, limit) = if digits.starts_with('-') {
                ("greater_than_equal", "greater", "ge", i64::MIN)
            } else {
                ("less_than_equal", "less", "le", i64::MAX)
            };
            let message = format!("Input should be {compared} than or equal to {limit}");
            let problem = Problem::new(kind, self.loc(key), message, value);
            self.problems.push(Problem { context: Some(format!("'{name}': {limit}")), ..problem });
            return None;
        }
        self.int(key)
    }

    pub(super) fn float(&mut self, key: &str) -> Option<f64> {
        let value = self.value(key)?;
        let outcome = float(value, self.coercion);
        self.take(key, value, outcome)
    }

    pub(super) fn bool(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let outcome = bool(value, self.coercion);
        self.take(key, value, outcome)
    }

    pub(super) fn string(&mut self, key: &str) -> Option<&'a str> {
        let value = self.value(key)?;
        let outcome = text(value).ok_or(("string_type", "Input should be a valid string"));
        self.take(key, value, outcome)
    }

    /// A list of integers; empty when absent.
    pub(super) fn ints(&mut self, key: &str) -> Option<Vec<i64>> {
        let coercion = self.coercion;
        self.list(key, |value| int(value, coercion))
    }

    /// A list of strings.
    pub(super) fn strings(&mut self, key: &str) -> Option<Vec<String>> {
        self.list(key, |value| text(value).map(str::to_owned).ok_or(("string_type", "Input should be a valid string")))
    }

    /// An object below this one.
    pub(super) fn object(&mut self, key: &str) -> Option<&'a Map<String, Value>> {
        let value = self.value(key)?;
        let expected = "Input should be a valid dictionary or object to extract fields from";
        self.take(key, value, value.as_object().ok_or(("model_attributes_type", expected)))
    }

    /// Reads the object under `key` with `read`; problems carry the whole path.
    pub(super) fn within<T>(&mut self, key: &str, read: impl FnOnce(&mut Fields<'a>) -> T) -> Option<T> {
        let body = self.object(key)?;
        let mut inner = Fields::new(body, self.coercion);
        inner.prefix.clone_from(&self.prefix);
        inner.prefix.push(key.into());
        let read = read(&mut inner);
        self.problems.append(&mut inner.problems);
        Some(read)
    }

    fn list<T>(&mut self, key: &str, read: impl Fn(&Value) -> Outcome<T>) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let items = self.take(key, value, value.as_array().ok_or(("list_type", "Input should be a valid list")))?;
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match read(item) {
                Ok(read) => all.push(read),
                Err((kind, message)) => {
                    let mut loc = self.loc(key);
                    loc.push(Loc::Index(index));
                    self.problems.push(Problem::new(kind, loc, message, item));
                }
            }
        }
        Some(all)
    }

    fn take<T>(&mut self, key: &str, value: &Value, outcome: Outcome<T>) -> Option<T> {
        outcome.map_err(|(kind, message)| self.problems.push(Problem::new(kind, self.loc(key), message, value))).ok()
    }

    fn loc(&self, key: &str) -> Vec<Loc> {
        let mut loc = self.prefix.clone();
        loc.push(key.into());
        loc
    }
}

/// The text of a string, unless it stands for a number.
fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| Beyond::parse(text).is_none())
}

type Outcome<T> = Result<T, (&'static str, &'static str)>;

/// An integer; integral floats and numeric strings too when `coercion` is lax.
pub(super) fn int(value: &Value, coercion: Coercion) -> Outcome<i64> {
    let lax = coercion == Coercion::Lax;
    match Beyond::of(value) {
        Some(Beyond::Constant(_)) => return Err(("finite_number", "Input should be a finite number")),
        // Python's integers have no end; what is beyond 64 bits is beyond every limit here too
        Some(Beyond::Integer(digits)) => return Ok(if digits.starts_with('-') { i64::MIN } else { i64::MAX }),
        None => {}
    }
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(int) => Ok(int),
            None if lax => integral(number.as_f64().unwrap_or(f64::NAN)),
            None => Err(("int_type", "Input should be a valid integer")),
        },
        Value::Bool(value) if lax => Ok(i64::from(*value)),
        Value::String(text) if lax => {
            let number = text.trim();
            let number = number.strip_suffix(".0").unwrap_or(number);
            number
                .parse()
                .map_err(|_| ("int_parsing", "Input should be a valid integer, unable to parse string as an integer"))
        }
        _ => Err(("int_type", "Input should be a valid integer")),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked: integral and within the range that f64 holds exactly")]
fn integral(float: f64) -> Outcome<i64> {
    if float.fract() != 0.0 || float.is_nan() {
        return Err(("int_from_float", "Input should be a valid integer, got a number with a fractional part"));
    }
    if float.abs() < 9_007_199_254_740_992.0 {
        Ok(float as i64)
    } else {
        Err(("less_than_equal", "Input should be less than or equal to 9223372036854775807"))
    }
}

/// A number; numeric strings too when `coercion` is lax.
pub(super) fn float(value: &Value, coercion: Coercion) -> Outcome<f64> {
    let lax = coercion == Coercion::Lax;
    if let Some(number) = Beyond::of(value) {
        return Ok(number.float());
    }
    match value {
        Value::Number(number) => number.as_f64().ok_or(("float_type", "Input should be a valid number")),
        Value::Bool(value) if lax => Ok(f64::from(u8::from(*value))),
        Value::String(text) if lax => text
            .trim()
            .parse()
            .map_err(|_| ("float_parsing", "Input should be a valid number, unable to parse string as a number")),
        _ => Err(("float_type", "Input should be a valid number")),
    }
}

/// A boolean; twelve words and two numbers too when `coercion` is lax.
pub(super) fn bool(value: &Value, coercion: Coercion) -> Outcome<bool> {
    const UNCLEAR: (&str, &str) = ("bool_parsing", "Input should be a valid boolean, unable to interpret input");
    match (value, coercion) {
        (Value::Bool(value), _) => Ok(*value),
        (Value::Number(number), Coercion::Lax) => match number.as_f64() {
            Some(1.0) => Ok(true),
            Some(0.0) => Ok(false),
            _ => Err(UNCLEAR),
        },
        (Value::String(text), Coercion::Lax) => {
            let word = text.to_lowercase();
            match (TRUE.contains(&word.as_str()), FALSE.contains(&word.as_str())) {
                (true, _) => Ok(true),
                (_, true) => Ok(false),
                _ => Err(UNCLEAR),
            }
        }
        _ => Err(("bool_type", "Input should be a valid boolean")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pydantic_takes_strings_and_integral_floats_and_the_rust_frontend_does_not() {
        for (value, lax, strict) in [
            (json!(4), Ok(4), Ok(4)),
            (json!(4.0), Ok(4), Err("int_type")),
            (json!("5"), Ok(5), Err("int_type")),
            (json!(5.5), Err("int_from_float"), Err("int_type")),
            (json!("four"), Err("int_parsing"), Err("int_type")),
            (json!([]), Err("int_type"), Err("int_type")),
        ] {
            assert_eq!(int(&value, Coercion::Lax).map_err(|error| error.0), lax, "{value}");
            assert_eq!(int(&value, Coercion::Strict).map_err(|error| error.0), strict, "{value}");
        }
    }

    #[test]
    fn booleans_have_twelve_spellings() {
        assert_eq!(bool(&json!("YES"), Coercion::Lax), Ok(true));
        assert_eq!(bool(&json!("off"), Coercion::Lax), Ok(false));
        assert_eq!(bool(&json!("banana"), Coercion::Lax).map_err(|error| error.0), Err("bool_parsing"));
        assert_eq!(bool(&json!(3), Coercion::Lax).map_err(|error| error.0), Err("bool_parsing"));
        assert_eq!(bool(&json!("yes"), Coercion::Strict).map_err(|error| error.0), Err("bool_type"));
    }

    #[test]
    fn a_problem_below_another_object_carries_the_whole_path() {
        let body = json!({"stream_options": {"include_usage": "banana"}});
        let mut fields = Fields::new(body.as_object().unwrap(), Coercion::Lax);
        fields.within("stream_options", |options| options.bool("include_usage"));
        assert_eq!(fields.into_problems()[0].loc, ["stream_options".into(), "include_usage".into()]);
    }
}
