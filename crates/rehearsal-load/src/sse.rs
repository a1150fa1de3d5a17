//! A tolerant, incremental decoder of server-sent events, on bytes.
//!
//! It follows the WHATWG rules: lines end with LF, CRLF or a lone CR (and with nothing else, so U+2028 and its like pass
//! through), a byte-order mark at the start is dropped, comments and unknown fields are skipped, several `data` lines
//! of one event are joined by LF. Reads may cut or join events anywhere, inside a UTF-8 sequence too.
//! It differs in one point: [`SseDecoder::finish`] hands out an event that the end of the stream cut short of its
//! blank line, because a server that closes right after `data: [DONE]` has said what it had to say.
//!
//! An event that lies whole in one read is handed out as a slice of that read, without a copy.

use memchr::memchr2;

/// Bytes that one line or the data of one event may have unless [`SseDecoder::with_limit`] says otherwise.
const DEFAULT_LIMIT: usize = 16 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One event, valid until the decoder goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// The value of the `event` field; empty when there was none.
    pub name: &'a [u8],
    /// The values of the `data` fields, joined by LF.
    pub data: &'a [u8],
}

/// A stream that cannot be decoded any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SseError {
    /// A line or an event outgrew the limit.
    #[error("server-sent event of more than {limit} bytes; a server that sends so much without a blank line is broken")]
    EventTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

/// Turns reads into events; see the [module](self).
#[derive(Debug, Clone)]
pub struct SseDecoder {
    limit: usize,
    first_line: bool,
    after_cr: bool,
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
}

impl Default for SseDecoder {
    fn default() -> Self {
        Self::with_limit(DEFAULT_LIMIT)
    }
}

impl SseDecoder {
    /// A decoder that refuses lines and events of more than `limit` bytes.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            first_line: true,
            after_cr: false,
            line: Vec::new(),
            name: Vec::new(),
            data: Vec::new(),
            has_data: false,
        }
    }

    /// Takes one read and calls `on_event` for every event that it completes.
    pub fn push<'i>(&mut self, input: &'i [u8], mut on_event: impl FnMut(SseEvent<'_>)) -> Result<(), SseError> {
        let mut rest = input;
        let mut borrowed: Option<&'i [u8]> = None;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }

        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let line = &rest[..end];
            let ended_by_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if ended_by_cr {
                self.after_cr = rest.is_empty();
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }

            if self.line.is_empty() {
                self.take_line(line, &mut borrowed, &mut on_event)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                let mut pending = borrowed.take();
                self.keep(&mut pending);
                let mut of_whole = None;
                let taken = self.take_line(&whole, &mut of_whole, &mut on_event);
                self.keep(&mut of_whole);
                whole.clear();
                self.line = whole;
                taken?;
            }
        }

        self.keep(&mut borrowed);
        self.line.extend_from_slice(rest);
        self.check(self.line.len())
    }

    /// Takes the end of the stream: an event without its blank line is handed out now. Returns whether there was one.
    pub fn finish(mut self, mut on_event: impl FnMut(SseEvent<'_>)) -> Result<bool, SseError> {
        let line = std::mem::take(&mut self.line);
        let mut borrowed = None;
        if !line.is_empty() {
            self.take_line(&line, &mut borrowed, &mut on_event)?;
        }
        let cut = self.has_data;
        self.take_line(b"", &mut borrowed, &mut on_event)?;
        Ok(cut)
    }

    /// `borrowed` is the data so far of an event whose only `data` line lies in the current read.
    fn take_line<'i>(
        &mut self,
        mut line: &'i [u8],
        borrowed: &mut Option<&'i [u8]>,
        on_event: &mut impl FnMut(SseEvent<'_>),
    ) -> Result<(), SseError> {
        self.check(line.len())?;
        if self.first_line {
            self.first_line = false;
            line = line.strip_prefix(BOM).unwrap_or(line);
        }
        if line.is_empty() {
            if self.has_data {
                on_event(SseEvent { name: &self.name, data: borrowed.unwrap_or(&self.data) });
            }
            *borrowed = None;
            self.has_data = false;
            self.data.clear();
            self.name.clear();
            return Ok(());
        }

        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" if !self.has_data => {
                self.has_data = true;
                *borrowed = Some(value);
            }
            b"data" => {
                self.keep(borrowed);
                self.data.push(b'\n');
                self.data.extend_from_slice(value);
                self.check(self.data.len())?;
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            _ => {}
        }
        Ok(())
    }

    /// Copies data that would not outlive the current read.
    fn keep(&mut self, borrowed: &mut Option<&[u8]>) {
        if let Some(data) = borrowed.take() {
            self.data.extend_from_slice(data);
        }
    }

    fn check(&self, bytes: usize) -> Result<(), SseError> {
        if self.limit < bytes { Err(SseError::EventTooLarge { limit: self.limit }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut events = Vec::new();
        let mut decoder = SseDecoder::default();
        let mut take = |event: SseEvent<'_>| events.push(String::from_utf8(event.data.to_vec()).unwrap());
        for read in reads {
            decoder.push(read, &mut take).unwrap();
        }
        decoder.finish(&mut take).unwrap();
        events
    }

    #[track_caller]
    fn check(input: &str, expect: &[&str]) {
        assert_eq!(decode([input.as_bytes()]), expect, "in one read");
        assert_eq!(decode(input.as_bytes().chunks(1)), expect, "byte by byte");
    }

    #[test]
    fn lines_end_with_lf_crlf_or_a_lone_cr() {
        check("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\r\n", &["a", "b", "c", "d"]);
    }

    #[test]
    fn a_byte_order_mark_comments_and_other_fields_are_skipped() {
        check("\u{feff}: hello\nid: 7\nretry: 5\nevent: x\nunknown: y\nnocolon\ndata:a\n\n:keep-alive\n\n", &["a"]);
    }

    #[test]
    fn several_data_lines_join_and_only_one_space_is_dropped() {
        check("data: {\ndata:  1\ndata\ndata:}\n\n", &["{\n 1\n\n}"]);
    }

    #[test]
    fn unicode_line_separators_are_text() {
        check("data: a\u{2028}b\u{2029}c\u{85}d\n\n", &["a\u{2028}b\u{2029}c\u{85}d"]);
    }

    #[test]
    fn the_event_that_the_end_of_the_stream_cuts_is_handed_out() {
        check("data: a\n\ndata: [DONE]", &["a", "[DONE]"]);
        check("data: [DONE]\n", &["[DONE]"]);
    }

    #[test]
    fn an_event_without_data_is_none_and_empty_data_is_one() {
        check("event: ping\n\ndata:\n\ndata: a\n\n", &["", "a"]);
    }

    #[test]
    fn the_name_belongs_to_its_event_only() {
        let mut names = Vec::new();
        SseDecoder::default()
            .push(b"event: error\ndata: 1\n\ndata: 2\n\n", |event| names.push(event.name.to_vec()))
            .unwrap();
        assert_eq!(names, [b"error".to_vec(), Vec::new()]);
    }

    #[test]
    fn an_event_beyond_the_limit_is_an_error_however_it_is_cut() {
        for input in [
            &b"data: 0123456789abcdef\n\n"[..],
            b"data: 01234567\ndata: 89abcdef\n\n",
            b"0123456789abcdefgh",
            b"\xef\xbb\xbfdata: 0123456\n\n",
        ] {
            for size in [1, 3, input.len()] {
                let mut decoder = SseDecoder::with_limit(15);
                let result = input.chunks(size).try_for_each(|read| decoder.push(read, |_| ()));
                assert_eq!(result, Err(SseError::EventTooLarge { limit: 15 }), "{size} bytes a read");
            }
        }
    }
}
