//! Streams of named events, of `/v1/responses` and `/v1/messages`, in a form that two servers can have in common.
//!
//! Ids become numbers in the order in which they first appear, so that who refers to whom is compared. Deltas of one item in a row are one;
//! where 0.13.0 counts deltas in `content_index`, the count is that of the merged ones. Numbers of events have to be without a gap.

use serde_json::Value;

/// Whether this is such a stream.
pub(crate) fn is_named(body: &str) -> bool {
    body.starts_with("event: ")
}

/// The events, one a line.
pub(crate) fn stream(body: &str, free: fn(&mut Value)) -> String {
    let mut ids = Ids::default();
    let mut lines: Vec<(String, Value)> = Vec::new();
    let (mut expected, mut merged) = (0, 0);
    for event in body.split("\n\n").filter(|event| !event.is_empty()) {
        let named = event.strip_prefix("event: ").and_then(|event| event.split_once("\ndata: "));
        let Some((name, mut data)) = named.and_then(|(name, data)| Some((name, serde_json::from_str(data).ok()?)))
        else {
            lines.push((event.to_owned(), Value::Null));
            continue;
        };
        free(&mut data);
        ids.number(&mut data);
        if let Some(number) = data.get_mut("sequence_number") {
            *number = if *number == expected { "next".into() } else { format!("{number} after {expected}").into() };
            expected += 1;
        }
        let joins =
            name.ends_with("delta") && lines.last().is_some_and(|(last, into)| last == name && same_place(into, &data));
        if joins {
            merged += 1;
            if let Some((_, into)) = lines.last_mut() {
                append(into, &data);
            }
            continue;
        }
        if name.ends_with("item.added") {
            merged = 0;
        }
        if let Some(index) = data.get_mut("content_index").filter(|index| **index != 0) {
            *index = (index.as_i64().expect("an integer") - merged).into();
        }
        lines.push((name.to_owned(), data));
    }
    lines.iter().map(|(name, data)| format!("{name} {data}")).collect::<Vec<_>>().join("\n")
}

/// Whether two streams of 0.13.0, as [`stream`] writes them, differ only as far as their deltas held more or fewer tokens.
///
/// That release loses the last delta of a message, and puts nothing but the last delta into a completed response: one text is then the
/// beginning, or the end, of the other.
pub(crate) fn same_but_for_the_last_delta(recorded: &str, got: &str) -> bool {
    let (recorded, got): (Vec<&str>, Vec<&str>) = (recorded.lines().collect(), got.lines().collect());
    let same = |(recorded, got): (&&str, &&str)| {
        recorded == got
            || match (without_text(recorded), without_text(got)) {
                (Some((recorded, name, left)), Some((got, _, right))) => {
                    let lost = name == "content_block_delta" && !left.is_empty() && right.starts_with(&left);
                    let ends = name == "response.completed" && (left.ends_with(&right) || right.ends_with(&left));
                    recorded == got && (lost || ends)
                }
                _ => false,
            }
    };
    recorded.len() == got.len() && recorded.iter().zip(&got).all(same)
}

/// How many deltas a stream has.
pub(crate) fn deltas(body: &str) -> usize {
    body.lines().filter(|line| line.starts_with("event: ") && line.ends_with("delta")).count()
}

/// An event whose text is taken out, its name, and the text.
fn without_text(line: &str) -> Option<(Value, &str, String)> {
    let (name, data) = line.split_once(' ')?;
    let mut data: Value = serde_json::from_str(data).ok()?;
    let place = if name == "response.completed" { "/response/output/0/content/0/text" } else { "/delta/text" };
    match data.pointer_mut(place)?.take() {
        Value::String(text) => Some((data, name, text)),
        _ => None,
    }
}

/// Whether two deltas belong to the same item.
fn same_place(left: &Value, right: &Value) -> bool {
    let kind = |delta: &Value| delta.pointer("/delta/type").cloned();
    ["item_id", "output_index", "index"].iter().all(|key| left.get(key) == right.get(key)) && kind(left) == kind(right)
}

fn append(into: &mut Value, from: &Value) {
    for path in ["/delta", "/delta/text", "/delta/thinking", "/delta/partial_json"] {
        if let (Some(Value::String(into)), Some(Value::String(from))) = (into.pointer_mut(path), from.pointer(path)) {
            into.push_str(from);
        }
    }
}

/// Ids that a server made up, by the order of their first appearance.
#[derive(Default)]
pub(crate) struct Ids(Vec<String>);

impl Ids {
    /// Replaces them in a value; what precedes the random digits stays.
    pub(crate) fn number(&mut self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields.iter_mut() {
                    match value {
                        Value::String(id) if ["id", "item_id", "call_id", "signature"].contains(&key.as_str()) => {
                            self.replace(id);
                        }
                        other => self.number(other),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.number(item)),
            _ => {}
        }
    }

    fn replace(&mut self, id: &mut String) {
        let start = if is_uuid(id) { 0 } else { id.rfind(['_', '-']).map_or(0, |at| at + 1) };
        let random = id.get(start..).unwrap_or_default();
        let digits = random.chars().filter(char::is_ascii_hexdigit).count();
        if digits < 16 || !random.chars().all(|character| character.is_ascii_hexdigit() || character == '-') {
            return;
        }
        let known = self.0.iter().position(|known| known == random);
        let place = known.unwrap_or_else(|| {
            self.0.push(random.to_owned());
            self.0.len() - 1
        });
        *id = format!("{}#{place} of {} characters", id.get(..start).unwrap_or_default(), random.len());
    }
}

fn is_uuid(id: &str) -> bool {
    id.len() == 36 && id.bytes().enumerate().all(|(at, byte)| [8, 13, 18, 23].contains(&at) == (byte == b'-'))
}
