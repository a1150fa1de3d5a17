//! Objects of answers, with the keys of the version answered as.

use serde_json::{Map, Value};

use crate::version::{ShapeName, Wire};

/// The object of that shape: its keys in its order, a key without a value null or left out as the shape says. Values for keys that this
/// version does not have are dropped.
pub(super) fn shaped<const N: usize>(wire: &Wire, name: ShapeName, mut values: [(&str, Value); N]) -> Value {
    let mut object = Map::new();
    for slot in &wire.shapes.get(name).slots {
        let value = values.iter_mut().find(|(key, _)| *key == slot.key).map_or(Value::Null, |(_, value)| value.take());
        if !(value.is_null() && slot.omit_null) {
            object.insert(slot.key.clone(), value);
        }
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_the_keys_of_its_version_in_their_order() {
        let delta = |version: &str| {
            let wire = Wire::of(version.parse().unwrap()).unwrap();
            shaped(&wire, ShapeName::ChatDelta, [("content", "a".into())]).to_string()
        };
        assert_eq!(delta("0.13.0"), r#"{"content":"a","reasoning_content":null}"#);
        assert_eq!(delta("0.32.0"), r#"{"content":"a"}"#);
    }
}
