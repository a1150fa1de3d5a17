//! Server-sent events with a name, as `/v1/responses` and `/v1/messages` write them: `event: NAME`, `data: JSON`, an empty line.

use serde_json::Value;

/// A stream of named events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NamedEvents {
    /// The events in order: name and payload.
    pub events: Vec<(String, Value)>,
    /// How often `data: [DONE]` came, which belongs to the other endpoints.
    pub dones: usize,
    /// The blocks that are neither, as written.
    pub others: Vec<String>,
}

impl NamedEvents {
    /// Reads a whole body.
    #[must_use]
    pub fn read(body: &str) -> Self {
        let mut stream = Self::default();
        for block in body.split_terminator("\n\n") {
            if block == "data: [DONE]" {
                stream.dones += 1;
                continue;
            }
            match named(block) {
                Some(event) => stream.events.push(event),
                None => stream.others.push(block.to_owned()),
            }
        }
        stream
    }

    /// The payloads of the events of this name, in order.
    #[must_use]
    pub fn of<'s>(&'s self, name: &'s str) -> impl DoubleEndedIterator<Item = &'s Value> {
        self.events.iter().filter(move |(of, _)| of == name).map(|(_, payload)| payload)
    }
}

fn named(block: &str) -> Option<(String, Value)> {
    let (name, data) = block.split_once('\n')?;
    let payload = serde_json::from_str(data.strip_prefix("data: ")?).ok()?;
    Some((name.strip_prefix("event: ")?.to_owned(), payload))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_read_by_name_and_what_is_none_is_kept() {
        let body = concat!(
            "event: a\ndata: {\"n\":1}\n\n",
            "event: b\ndata: {}\n\n",
            "event: a\ndata: {\"n\":2}\n\n",
            ": keep-alive\n\n",
            "event: a\ndata: {\n\n",
            "data: [DONE]\n\n",
        );
        let stream = NamedEvents::read(body);
        assert_eq!(stream.of("a").collect::<Vec<_>>(), [&json!({"n": 1}), &json!({"n": 2})]);
        assert_eq!(stream.events.len(), 3);
        assert_eq!(stream.dones, 1);
        assert_eq!(stream.others, [": keep-alive", "event: a\ndata: {"]);
    }
}
