//! How requests are generated, and in which order they are shrunk: the endpoint first, then fields go one by one, last the prompt gets shorter.

use proptest::{
    collection::vec,
    prop_oneof,
    sample::select,
    strategy::{Just, Strategy, ValueTree},
};

use super::request::{Field, Options, Prompt, Request};
use crate::call::Endpoint;

/// The most fields of a request.
const FIELDS: usize = 7;

/// Odd values of parameters: a server answers or refuses them, and does not break.
const ODD: [(&str, &str); 16] = [
    ("max_tokens", "null"),
    ("max_tokens", "0"),
    ("max_tokens", "-1"),
    ("max_tokens", "\"four\""),
    ("n", "0"),
    ("n", "null"),
    ("temperature", "-1"),
    ("temperature", "2.5"),
    ("top_p", "0"),
    ("seed", "\"x\""),
    ("stop", "\"\""),
    ("stop", "[\"1\",\"2\",\"3\",\"4\",\"5\"]"),
    ("logit_bias", "{\"99999999\":1}"),
    ("logprobs", "99"),
    ("tools", "[]"),
    ("stream_options", "{}"),
];

/// Every request that may be sent.
pub(super) fn requests() -> impl Strategy<Value = Request, Tree = impl ValueTree<Value = Request> + Send> {
    let parts = (endpoint(), vec(field(), 0..=FIELDS), options(), prompt());
    parts.prop_map(|(endpoint, fields, options, prompt)| Request { fields, options, prompt, endpoint })
}

/// Completions are simpler: they have a limit by themselves.
fn endpoint() -> impl Strategy<Value = Endpoint, Tree = impl ValueTree<Value = Endpoint> + Send> {
    prop_oneof![Just(Endpoint::Completions), Just(Endpoint::Chat)]
}

fn options() -> impl Strategy<Value = Options, Tree = impl ValueTree<Value = Options> + Send> {
    prop_oneof![
        4 => Just(Options::Include),
        4 => Just(Options::Continuous),
        1 => Just(Options::Absent),
        1 => Just(Options::NotIncluded),
    ]
}

fn prompt() -> impl Strategy<Value = Prompt, Tree = impl ValueTree<Value = Prompt> + Send> {
    prop_oneof![
        6 => (1..24_usize).prop_map(Prompt::Text),
        5 => (1..80_usize).prop_map(Prompt::Ids),
        1 => vec(1..12_usize, 1..4).prop_map(Prompt::Texts),
        1 => vec(1..40_usize, 1..4).prop_map(Prompt::IdLists),
        2 => (1..12_usize).prop_map(Prompt::Turns),
        1 => (1..12_usize).prop_map(Prompt::Image),
    ]
}

fn field() -> impl Strategy<Value = Field, Tree = impl ValueTree<Value = Field> + Send> {
    let piece = || (0..12_usize, 1..5_usize);
    prop_oneof![
        limits(),
        shape(),
        (piece()).prop_map(|(after, length)| Field::Stop { after, length }),
        evidence(),
        rare(piece())
    ]
}

/// How long the answer is.
fn limits() -> impl Strategy<Value = Field, Tree = impl ValueTree<Value = Field> + Send> {
    prop_oneof![
        4 => (1..24_u64).prop_map(Field::MaxTokens),
        1 => (1..24_u64).prop_map(Field::MaxCompletionTokens),
        1 => (0..6_u64).prop_map(Field::MinTokens),
        2 => Just(Field::IgnoreEos),
    ]
}

/// What the answer is, and how many there are.
fn shape() -> impl Strategy<Value = Field, Tree = impl ValueTree<Value = Field> + Send> {
    prop_oneof![
        4 => select(vec![0_u64, 0, 5, 10, 15]).prop_map(Field::Temperature),
        2 => (2..4_u64).prop_map(Field::N),
        2 => (0..9_u64).prop_map(Field::Seed),
        1 => Just(Field::TopP),
        1 => Just(Field::Penalty),
        1 => Just(Field::LogitBias(67)),
    ]
}

/// What tells the tokens of the answer.
fn evidence() -> impl Strategy<Value = Field, Tree = impl ValueTree<Value = Field> + Send> {
    prop_oneof![3 => Just(Field::ReturnTokenIds), 2 => (0..4_u64).prop_map(Field::Logprobs)]
}

fn rare(
    piece: impl Strategy<Value = (usize, usize), Tree = impl ValueTree<Value = (usize, usize)> + Send> + Send + Sync,
) -> impl Strategy<Value = Field, Tree = impl ValueTree<Value = Field> + Send> {
    prop_oneof![
        piece.prop_map(|(after, length)| Field::Stops { after, length }),
        (0..8_usize).prop_map(|after| Field::StopToken { after }),
        Just(Field::IncludeStop),
        Just(Field::Echo),
        (2..5_u64).prop_map(Field::StreamInterval),
        select(vec!["none", "auto", "required"]).prop_map(Field::Tools),
        Just(Field::User),
        select(ODD.to_vec()).prop_map(|(name, value)| Field::Odd(name, value)),
    ]
}
