//! Laws of the SSE decoder. Oracle: the events that the stream was built from.

use proptest::{collection::vec, prelude::*, sample::select};
use rehearsal_load::sse::{SseDecoder, SseError, SseEvent};

fn decode<'a>(reads: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> Result<Vec<Vec<u8>>, SseError> {
    let mut events = Vec::new();
    let mut take = |event: SseEvent<'_>| events.push(event.data.to_vec());
    let mut decoder = SseDecoder::with_limit(limit);
    for read in reads {
        decoder.push(read, &mut take)?;
    }
    decoder.finish(&mut take)?;
    Ok(events)
}

/// `input` cut at `cuts`, each taken modulo what is left.
fn cut<'a>(mut input: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = input.split_at(cut % (input.len() + 1));
        pieces.push(piece);
        input = rest;
    }
    pieces.push(input);
    pieces
}

/// Bytes in which the decoder's special characters are frequent.
fn stream_like() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        select(vec![
            "data:", "data: ", "event: x", "id: 1", ":", "\n", "\r", "\r\n", "\n\n", "\u{feff}", "é", "\u{2028}"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..6),
    ];
    vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_of_any_bytes_gives_the_same_events(input in stream_like(), cuts in vec(0usize..50, 0..20)) {
        for limit in [usize::MAX, 12] {
            let whole = decode([&input[..]], limit);
            prop_assert_eq!(&decode(cut(&input, &cuts), limit), &whole);
            prop_assert_eq!(&decode(input.chunks(1), limit), &whole);
        }
    }

    #[test]
    fn what_was_framed_comes_out(
        payloads in vec("[^\r\n]{0,40}(\n[^\r\n]{0,10}){0,3}", 0..10),
        ending in select(vec!["\n", "\r\n", "\r"]),
        space in select(vec!["", " "]),
        cuts in vec(0usize..200, 0..20),
    ) {
        let mut stream = String::from("\u{feff}");
        for payload in &payloads {
            stream.extend([": comment", ending, "event: e", ending]);
            for line in payload.split('\n') {
                // one space after the colon belongs to the framing
                let space = if line.starts_with(' ') { " " } else { space };
                stream.extend(["data:", space, line, ending]);
            }
            stream += ending;
        }
        let expect: Vec<Vec<u8>> = payloads.iter().map(|payload| payload.clone().into_bytes()).collect();
        prop_assert_eq!(decode(cut(stream.as_bytes(), &cuts), usize::MAX), Ok(expect));
    }
}
