//! Every case for clients. Instants that a wrong reading would take for a right one lie at least 120 ms apart, so that the noise of a busy machine
//! is no verdict. A fault is played to every second request: a client that loses no request to it counts too many successes.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    ClientCase, Play,
    judge::Figure::{self, EndToEnd, Flag, OutputTokens, PerToken, Successes, Ttft},
    play::{PlayEnd, Stated},
};

const TOOLS: &str =
    "measured on nine load tools: six call an error inside a stream a success, none notices a stream that ends early";
const DEFINITION: &str = "the definitions of the metrics in `rehearsal bench`";

/// The cases, in order.
#[must_use]
pub fn client_cases() -> Vec<ClientCase> {
    let mut cases = [failures(), instants(), counts()].concat();
    cases.sort_by_key(|case| case.id);
    cases
}

/// Answers that are none.
fn failures() -> Vec<ClientCase> {
    let cut = |at| PlayEnd::Clean(Duration::from_millis(at));
    let reset = |at| PlayEnd::Reset(Duration::from_millis(at));
    let begun = || Play::stream().role(100, 0).text(300, 0, "one", 1).text(400, 0, " two", 1);
    let rejected = json!({"error": {
        "message": "The server is overloaded: the waiting queue is full",
        "type": "ServiceUnavailableError",
        "param": null,
        "code": 503
    }});
    vec![
        case("C-01", "a stream that holds only an error is a failure", &[Successes])
            .playing("every second stream: an error under HTTP 200 at 200, [DONE]")
            .truth("every second request failed; TTFT 300 ms and E2EL 600 ms for the others")
            .grounds(TOOLS)
            .cycle([Play::good(), Play::stream().error(200)]),
        case("C-02", "an error after the role chunk is a failure", &[Successes])
            .playing("every second stream: role 100, an error under HTTP 200 at 200, [DONE]")
            .truth("every second request failed; TTFT 300 ms and E2EL 600 ms for the others")
            .grounds(TOOLS)
            .cycle([Play::good(), Play::stream().role(100, 0).error(200)]),
        case("C-03", "an error after tokens is a failure", &[Successes])
            .playing("every second stream: role 100, tokens 300 and 400, an error under HTTP 200 at 500, [DONE]")
            .truth("every second request failed; TTFT 300 ms and E2EL 600 ms for the others")
            .grounds(TOOLS)
            .cycle([Play::good(), begun().error(500)]),
        case("C-04", "a stream that ends without finish_reason and [DONE] is a failure", &[Successes])
            .playing("every second stream: role 100, tokens 300 and 400, the end of the body at 410, as HTTP ends one")
            .truth("every second request failed; TTFT 300 ms and E2EL 600 ms for the others")
            .grounds(TOOLS)
            .cycle([Play::good(), begun().end(cut(410)).failing("ends without finish_reason and [DONE]")]),
        case("C-08", "a stream without anything is a failure", &[Successes])
            .playing("every second stream: [DONE] at 200 and nothing else")
            .truth("every second request failed; TTFT 300 ms and E2EL 600 ms for the others")
            .grounds(TOOLS)
            .cycle([Play::good(), Play::stream().done(200).failing("has no answer")]),
        case("C-14", "a request that a full queue refuses is a failure, and in no latency", &[Successes])
            .playing("every second request: HTTP 503 at 20, as vLLM 0.32 answers when its queue is full")
            .truth("every second request failed; TTFT 300 ms and E2EL 600 ms for the others")
            .grounds("recording of vLLM 0.32.0 with a queue limit")
            .cycle([Play::good(), Play::refusal(503, 20, &rejected).failing("HTTP 503")]),
        case("C-16", "a connection that is lost inside a stream is a failure", &[Successes])
            .playing("every second stream: role 100, tokens 300 and 400, the connection lost at 410")
            .truth("every second request failed; TTFT 300 ms and E2EL 600 ms for the others")
            .grounds(TOOLS)
            .cycle([Play::good(), begun().end(reset(410)).failing("the connection was lost")]),
    ]
}

/// When the first token is there, and the last one.
fn instants() -> Vec<ClientCase> {
    vec![
        case("C-00", "every figure of the golden stream is right", &[Ttft, EndToEnd, PerToken, OutputTokens])
            .playing("role 400; reasoning 1200, 1280; a token without text 1360; `A` 1600; `BCD`, three tokens, 1840; `E` and `F` 2000; finish 2020; usage 2100; [DONE] 2120")
            .truth("TTFT 1200 ms, E2EL 2000 ms, 9 tokens, 100 ms a token")
            .grounds("the golden stream of `fixtures/golden/streams`, four times as slow")
            .cycle([golden()]),
        case("C-05", "a chunk of several tokens is several tokens", &[PerToken])
            .playing("a token at 300, three tokens in one chunk at 600 and at 900, finish 910, usage 920, [DONE] 930")
            .truth("7 tokens, 600 ms between the first and the last, so 100 ms a token; 300 ms between chunks")
            .grounds("speculative decoding and vLLM's --stream-interval send several tokens a chunk")
            .cycle([Play::stream()
                .role(100, 0)
                .text(300, 0, "one", 1)
                .text(600, 0, " two three four", 3)
                .text(900, 0, " five six seven", 3)
                .finish(910, 0)
                .usage(920)
                .done(930)]),
        case("C-06", "a late usage chunk does not extend the latency", &[EndToEnd])
            .playing("tokens at 300 to 600, finish 610, usage 1200, [DONE] 1210")
            .truth("TTFT 300 ms, E2EL 600 ms, 4 tokens")
            .grounds(DEFINITION)
            .cycle([Play::stream()
                .role(100, 0)
                .text(300, 0, "one", 1)
                .text(400, 0, " two", 1)
                .text(500, 0, " three", 1)
                .text(600, 0, " four", 1)
                .finish(610, 0)
                .usage(1200)
                .done(1210)]),
        case("C-09", "the role chunk is no token", &[Ttft])
            .playing("role 100, tokens 700, 800 and 900, finish 910, usage 920, [DONE] 930")
            .truth("TTFT 700 ms, E2EL 900 ms, 100 ms a token")
            .grounds(DEFINITION)
            .cycle([Play::stream()
                .role(100, 0)
                .text(700, 0, "one", 1)
                .text(800, 0, " two", 1)
                .text(900, 0, " three", 1)
                .finish(910, 0)
                .usage(920)
                .done(930)]),
        case("C-10", "all choices of an answer count, not only the first", &[EndToEnd, OutputTokens])
            .playing("two choices: the first has tokens at 500 and 600, the second at 300, 700 and 1000; usage 1020, [DONE] 1030")
            .truth("TTFT 300 ms, E2EL 1000 ms, 5 tokens")
            .grounds(DEFINITION)
            .choices(2)
            .cycle([Play::stream()
                .role(100, 0)
                .role(100, 1)
                .text(300, 1, "uno", 1)
                .text(500, 0, "one", 1)
                .text(600, 0, " two", 1)
                .finish(610, 0)
                .text(700, 1, " dos", 1)
                .text(1000, 1, " tres", 1)
                .finish(1010, 1)
                .usage(1020)
                .done(1030)]),
        case("C-11", "comments that keep a connection alive are no tokens", &[Ttft, Successes])
            .playing("comments at 50, 100, 350 and 620 between the events of a good stream")
            .truth("TTFT 300 ms, E2EL 600 ms, 4 tokens")
            .grounds("the HTML standard on server-sent events; vLLM's keep-alive interval")
            .cycle([Play::stream()
                .raw(50, ": ping\n\n")
                .role(90, 0)
                .raw(100, ":\n\n")
                .text(300, 0, "one", 1)
                .raw(350, ": ping\n\n")
                .text(400, 0, " two", 1)
                .text(500, 0, " three", 1)
                .text(600, 0, " four", 1)
                .finish(610, 0)
                .raw(620, ": ping\n\n")
                .usage(625)
                .done(630)]),
    ]
}

/// How many tokens there are, and how streams may be written.
fn counts() -> Vec<ClientCase> {
    vec![
        case("C-07", "usage that cannot be true is said to be so", &[Flag])
            .playing("six chunks with text at 300 to 800, usage that says 2 output tokens")
            .truth("at least 6 tokens: a chunk with text holds at least one")
            .grounds("vLLM issues on stop strings and speculative decoding, where usage lost tokens")
            .cycle([(0..6)
                .fold(Play::stream().stating(Stated::Falsely(2)).role(100, 0), |play, index| {
                    play.text(300 + 100 * index, 0, " word", 1)
                })
                .finish(810, 0)
                .usage(820)
                .done(830)]),
        case("C-12", "usage beside the finish reason is read", &[OutputTokens, Successes])
            .playing("tokens at 300 to 500, finish_reason and usage in one chunk at 510, [DONE] 520; no usage chunk")
            .truth("TTFT 300 ms, E2EL 500 ms, 3 tokens")
            .grounds("NVIDIA Dynamo sends usage so")
            .cycle([Play::stream()
                .role(100, 0)
                .text(300, 0, "one", 1)
                .text(400, 0, " two", 1)
                .text(500, 0, " three", 1)
                .finish_with_usage(510, 0)
                .done(520)]),
        case("C-13", "output tokens are unknown where the server does not state them", &[OutputTokens])
            .playing("chunks of one, three and three tokens at 300, 400 and 500, no usage anywhere")
            .truth("7 tokens, which no client can know: unknown, never a guess and never 0")
            .grounds("vLLM since 0.18.1 sends usage only where it is asked for (#36379)")
            .cycle([Play::stream()
                .stating(Stated::Nothing)
                .role(100, 0)
                .text(300, 0, "on", 1)
                .text(400, 0, "eiro", 3)
                .text(500, 0, "logy", 3)
                .finish(510, 0)
                .done(520)]),
        case(
            "C-15",
            "events may end in CR LF, lack the space after `data:` and come in pieces",
            &[Successes, Ttft, OutputTokens],
        )
        .playing("a good stream with CR LF and `data:{`, each event in two writes, behind a byte order mark")
        .truth("TTFT 300 ms, E2EL 600 ms, 4 tokens")
        .grounds("the HTML standard on server-sent events")
        .cycle([Play::stream()
            .raw(20, "\u{feff}")
            .role(100, 0)
            .text(300, 0, "one", 1)
            .text(400, 0, " two", 1)
            .text(500, 0, " three", 1)
            .text(600, 0, " four", 1)
            .finish(610, 0)
            .usage(620)
            .done(630)
            .awkward()]),
    ]
}

/// `fixtures/golden/streams/golden.json`, with the prompt of these cases, four times as slow: `[DONE]` is then 120 ms after the last token.
fn golden() -> Play {
    Play::stream()
        .role(100, 0)
        .reasoning(300, 0, "First")
        .reasoning(320, 0, " think")
        .text(340, 0, "", 1)
        .text(400, 0, "A", 1)
        .text(460, 0, "BCD", 3)
        .text(500, 0, "E", 1)
        .text(500, 0, "F", 1)
        .finish(505, 0)
        .usage(525)
        .done(530)
        .stretched(4)
}

fn case(id: &'static str, title: &'static str, about: &'static [Figure]) -> ClientCase {
    ClientCase { id, title, plays: "", truth: "", reference: "", about, cycle: Vec::new(), choices: 1 }
}

impl ClientCase {
    fn playing(self, plays: &'static str) -> Self {
        Self { plays, ..self }
    }

    fn truth(self, truth: &'static str) -> Self {
        Self { truth, ..self }
    }

    fn grounds(self, reference: &'static str) -> Self {
        Self { reference, ..self }
    }

    fn choices(self, choices: u32) -> Self {
        Self { choices, ..self }
    }

    fn cycle(self, plays: impl IntoIterator<Item = Play>) -> Self {
        Self { cycle: plays.into_iter().map(Arc::new).collect(), ..self }
    }
}
