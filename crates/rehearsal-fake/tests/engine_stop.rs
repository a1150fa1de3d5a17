//! When a request is over, and what its tokens may be: the table of what `completion_tokens` counts, as recorded from real servers.

use std::{borrow::Cow, num::NonZeroU32, sync::Arc};

use rehearsal_fake::engine::{
    Continuation, Detokenize, Engine, EngineConfig, EngineRequest, Event, Finish, FinishReason, LastTokenText, Nanos,
    SamplingParams, StepTime, StopReason, SubmitError, TokenContext, Vocabulary,
};

/// Each token is its own byte; 1 is the end of sequence, 2 a secondary one; both are special.
struct Bytes;

impl Detokenize for Bytes {
    fn token_bytes(&self, token_id: u32) -> Cow<'_, [u8]> {
        match u8::try_from(token_id) {
            Ok(1) => Cow::Borrowed(b"<eos>"),
            Ok(byte) => Cow::Owned(vec![byte]),
            Err(_) => Cow::Borrowed(b"long"),
        }
    }

    fn is_special(&self, token_id: u32) -> bool {
        token_id < 3
    }
}

const EOS: u32 = 1;
const SECONDARY_EOS: u32 = 2;

fn config() -> EngineConfig {
    let mut config = EngineConfig::new(StepTime::constant_ms(1.0));
    config.max_model_len = 64;
    config.vocabulary = Vocabulary {
        eos_token_id: Some(EOS),
        secondary_eos_token_ids: vec![SECONDARY_EOS],
        detokenize: Some(Arc::new(Bytes)),
        ..Vocabulary::new(300)
    };
    config
}

fn params(max_tokens: u32) -> SamplingParams {
    SamplingParams::new(NonZeroU32::new(max_tokens).expect("not 0"))
}

fn generate(sampling: SamplingParams, script: &[u32]) -> (Vec<u32>, Finish) {
    let mut engine = Engine::new(config()).expect("valid");
    let request = EngineRequest {
        continuation: Continuation::Script(script.into()),
        sampling,
        ..EngineRequest::new(vec![50; 10], NonZeroU32::MIN)
    };
    engine.submit(Nanos::ZERO, request).expect("taken");
    let (mut tokens, mut end) = (Vec::new(), None);
    while let Some(deadline) = engine.next_deadline() {
        engine.advance_to(deadline, &mut |event: Event| match event {
            Event::Token { token_id, .. } => tokens.push(token_id),
            Event::Finished { finish, .. } => end = Some(finish),
            _ => {}
        });
    }
    (tokens, end.expect("it ends"))
}

#[track_caller]
fn check(
    sampling: SamplingParams,
    script: &str,
    (count, reason, stop_reason, text_end, last): (u32, FinishReason, Option<StopReason>, Option<usize>, LastTokenText),
) {
    let script: Vec<u32> = script
        .chars()
        .map(|letter| match letter {
            '.' => EOS,
            ';' => SECONDARY_EOS,
            letter => u32::from(letter),
        })
        .collect();
    let (tokens, finish) = generate(sampling, &script);
    assert_eq!(tokens.len(), count as usize);
    assert_eq!(
        (finish.completion_tokens, finish.reason, finish.stop_reason, finish.text_end, finish.last_token_text),
        (count, reason, stop_reason, text_end, last)
    );
}

#[test]
fn completion_tokens_count_what_real_servers_count() {
    use FinishReason::{Length, Stop};
    use LastTokenText::{Hidden, Kept};
    let text = |index| Some(StopReason::Text(index));
    let stop = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let a = u32::from(b'a');

    check(params(4), "abcdefgh", (4, Length, None, None, Kept));
    check(params(9), ".", (1, Stop, None, None, Hidden));
    check(params(9), ";", (1, Stop, Some(StopReason::Token(SECONDARY_EOS)), None, Hidden));
    let by_id = SamplingParams { stop_token_ids: vec![a], ..params(9) };
    check(by_id.clone(), "a", (1, Stop, Some(StopReason::Token(a)), None, Hidden));
    let including = SamplingParams { include_stop_str_in_output: true, ..by_id };
    check(including, "a", (1, Stop, Some(StopReason::Token(a)), None, Kept));
    let by_text = SamplingParams { stop: stop(&["aaa"]), ..params(9) };
    check(by_text.clone(), "aaaaaa", (3, Stop, text(0), Some(0), Kept));
    let including = SamplingParams { include_stop_str_in_output: true, ..by_text };
    check(including, "aaaaaa", (3, Stop, text(0), None, Kept));
    let ignoring = SamplingParams { ignore_eos: true, ..params(3) };
    check(ignoring.clone(), "....", (3, Length, None, None, Kept));
    check(ignoring, ";;;;", (3, Length, None, None, Kept));
    // the script goes on while end-of-sequence tokens are masked
    let minimum = SamplingParams { min_tokens: 3, ..params(9) };
    check(minimum, ".....", (4, Stop, None, None, Hidden));
}

#[test]
fn stop_strings_are_looked_for_in_the_new_text_and_what_overlaps_it() {
    use FinishReason::{Length, Stop};
    use LastTokenText::Kept;
    let with = |list: &[&str], min_tokens, max_tokens| SamplingParams {
        stop: list.iter().map(|text| (*text).to_owned()).collect(),
        min_tokens,
        ..params(max_tokens)
    };
    check(with(&["cd"], 0, 9), "abcdef", (4, Stop, Some(StopReason::Text(0)), Some(2), Kept));
    // the first of the list wins, not the longest or the earliest in the text
    check(with(&["d", "cd"], 0, 9), "abcdef", (4, Stop, Some(StopReason::Text(0)), Some(3), Kept));
    check(with(&["x", "cd", "d"], 0, 9), "abcdef", (4, Stop, Some(StopReason::Text(1)), Some(2), Kept));
    // one that ended before `min_tokens` is past, one that ends after it counts
    check(with(&["bc"], 3, 6), "abcdefgh", (6, Length, None, None, Kept));
    check(with(&["cd"], 3, 6), "abcdefgh", (4, Stop, Some(StopReason::Text(0)), Some(2), Kept));
    // the last token allowed completes the string: the text overrules the length
    check(with(&["cd"], 0, 4), "abcdefgh", (4, Stop, Some(StopReason::Text(0)), Some(2), Kept));
}

#[test]
fn a_stop_string_inside_a_token_cuts_the_rest_of_it() {
    let sampling = SamplingParams { stop: vec!["on".to_owned()], ..params(9) };
    let (tokens, finish) = generate(sampling.clone(), &[97, 299, 98]);
    assert_eq!((tokens.len(), finish.text_end), (2, Some(2)), "`a` and `l` of `along` stay");
    let including = SamplingParams { include_stop_str_in_output: true, ..sampling };
    assert_eq!(generate(including, &[97, 299, 98]).1.text_end, Some(4));
}

#[test]
fn special_tokens_have_text_only_if_asked() {
    let skipping = SamplingParams { stop: vec!["<eos>".to_owned()], ignore_eos: true, ..params(3) };
    assert_eq!(generate(skipping.clone(), &[EOS; 5]).1.reason, FinishReason::Length);
    let showing = SamplingParams { skip_special_tokens: false, ..skipping };
    assert_eq!(generate(showing, &[EOS; 5]).1.stop_reason, Some(StopReason::Text(0)));
}

#[test]
fn the_context_is_a_limit_too() {
    let (tokens, finish) = generate(params(1000), &[97; 200]);
    assert_eq!((tokens.len(), finish.reason), (54, FinishReason::Length), "64 tokens less the prompt's 10");
}

#[test]
fn a_decisive_bias_forces_and_forbids() {
    let forced = SamplingParams { logit_bias: vec![(7, 100.0), (6, 100.0), (5, 20.0)], ..params(3) };
    assert_eq!(generate(forced, &[97; 9]).0, [6, 6, 6], "the lower id among equals");
    let stronger = SamplingParams { logit_bias: vec![(7, 200.0), (6, 100.0)], ..params(3) };
    assert_eq!(generate(stronger, &[97; 9]).0, [7, 7, 7]);
    let forbidden = SamplingParams { logit_bias: vec![(97, -100.0)], ..params(3) };
    let tokens = generate(forbidden, &[97, 98, 97]).0;
    assert!(tokens[0] != 97 && tokens[1] == 98 && tokens[2] != 97, "{tokens:?}");
    let ended = SamplingParams { logit_bias: vec![(EOS, 100.0)], min_tokens: 3, ..params(9) };
    let (tokens, finish) = generate(ended, &[97; 9]);
    assert_eq!((tokens, finish.reason), (vec![97, 97, 97, EOS], FinishReason::Stop));
}

#[test]
fn only_allowed_tokens_come_and_no_bad_word_is_completed() {
    let allowed = SamplingParams { allowed_token_ids: Some(vec![40, 41]), ..params(8) };
    let tokens = generate(allowed.clone(), &[41, 99, 99, 40]).0;
    assert!(tokens.iter().all(|token| [40, 41].contains(token)) && tokens[0] == 41 && tokens[3] == 40, "{tokens:?}");
    let bad = SamplingParams { bad_words: vec![vec![97, 98], vec![99]], ..params(4) };
    let tokens = generate(bad, &[97, 98, 98, 99]).0;
    assert!(tokens[0] == 97 && tokens[1] != 98 && tokens[2] == 98 && tokens[3] != 99, "{tokens:?}");
}

#[test]
fn sources_see_prompt_position_and_key() {
    let mut engine = Engine::new(config()).unwrap();
    let counting = |context: TokenContext<'_>| {
        u32::try_from(context.prompt.len() + context.generated.len()).unwrap() + context.vocab_size
    };
    let request = EngineRequest {
        continuation: Continuation::source(counting),
        ..EngineRequest::new(vec![9; 10], NonZeroU32::new(3).unwrap())
    };
    engine.submit(Nanos::ZERO, request).unwrap();
    let mut tokens = Vec::new();
    engine.advance_to(Nanos::MAX, &mut |event: Event| {
        if let Event::Token { token_id, .. } = event {
            tokens.push(token_id);
        }
    });
    assert_eq!(tokens, [310, 311, 312]);
}

#[test]
fn draws_depend_on_prompt_seed_and_choice_and_never_end_the_text() {
    let drawn = |prompt: u32, seed: Option<u64>, choice_index: u32, engine_seed: u64| {
        let mut engine = Engine::new(EngineConfig { seed: engine_seed, ..config() }).unwrap();
        let request = EngineRequest {
            choice_index,
            sampling: SamplingParams { seed, ..params(40) },
            ..EngineRequest::new(vec![prompt; 10], NonZeroU32::MIN)
        };
        engine.submit(Nanos::ZERO, request).unwrap();
        let mut tokens = Vec::new();
        engine.advance_to(Nanos::MAX, &mut |event: Event| {
            if let Event::Token { token_id, .. } = event {
                tokens.push(token_id);
            }
        });
        tokens
    };
    let one = drawn(50, None, 0, 0);
    assert_eq!(one, drawn(50, None, 0, 0));
    assert!(one.len() == 40 && one.iter().all(|token| (3..300).contains(token)), "{one:?}");
    for other in [drawn(51, None, 0, 0), drawn(50, Some(0), 0, 0), drawn(50, None, 1, 0), drawn(50, None, 0, 1)] {
        assert_ne!(one, other);
    }
}

#[test]
fn what_cannot_be_served_is_refused() {
    let refuse = |config: EngineConfig, request: EngineRequest, expect: &str| {
        let error = Engine::new(config).unwrap().submit(Nanos::ZERO, request).unwrap_err();
        assert_eq!(error.to_string(), expect);
    };
    let one = || EngineRequest::new(vec![1], NonZeroU32::MIN);
    let sampling = |sampling: SamplingParams| EngineRequest { sampling, ..one() };
    refuse(config(), EngineRequest::new(vec![], NonZeroU32::MIN), "the prompt is empty; send at least one token");
    refuse(
        config(),
        EngineRequest::new(vec![1; 64], NonZeroU32::MIN),
        "the prompt has 64 tokens, but `max_model_len` is 64 and at least one token must be generated; shorten the prompt",
    );
    refuse(
        EngineConfig { num_gpu_blocks: 3, ..config() },
        EngineRequest::new(vec![1; 40], NonZeroU32::MIN),
        "the prompt needs 3 KV blocks, but the cache has 2; raise `num_gpu_blocks`",
    );
    refuse(
        config(),
        sampling(SamplingParams { min_tokens: 3, ..params(2) }),
        "`min_tokens` must be <= `max_tokens` = 2, got 3",
    );
    refuse(
        config(),
        sampling(SamplingParams { stop: vec!["a".to_owned(), String::new()], ..params(2) }),
        "stop string 1 is empty; remove it",
    );
    refuse(
        config(),
        sampling(SamplingParams { allowed_token_ids: Some(vec![]), ..params(2) }),
        "`allowed_token_ids` is empty; leave it out or name a token",
    );
    let mut mute = config();
    mute.vocabulary.detokenize = None;
    let with_stop = sampling(SamplingParams { stop: vec!["a".to_owned()], ..params(2) });
    assert_eq!(Engine::new(mute).unwrap().submit(Nanos::ZERO, with_stop), Err(SubmitError::StopStringsNeedText));
}
