//! The search for the highest load that meets its objectives finds, through HTTP on a paused clock, the knee that the bare
//! engine has.
//!
//! There is a knee to find only where load moves the figure. A TTFT without a queue is a few steps long whatever the rate,
//! and rises and falls with where in a step requests happen to come: a limit among those steps is crossed many times, and a
//! millisecond of tokio's grid decides which crossing is found. So each profile is asked for what its load decides, and each
//! case first shows on the bare engine that everything below its knee meets the objective and everything above misses it.

use std::sync::Arc;

use rehearsal::{
    Forecast,
    fake::{FakeVllm, Pacing, profile::Profile, tokenizer::Tokenizer},
    load::{
        LoadPlan, OpenLoad, RateProfile, RequestTimeline, Run, StreamTransport, Streaming, WarmUp,
        search::{Knee, LoadSearch, Slo, SloOutcome},
    },
};

const PROMPT: &str = "What is rehearsed is known.";

/// How far the search may be off, and what it is told to be content with.
const BOUND: f64 = 0.03;
const TOLERANCE: f64 = 0.02;

/// What is varied.
#[derive(Clone, Copy)]
enum Load {
    /// Requests per second, over so many requests.
    Rate(usize),
    /// Workers of a closed loop, four requests each.
    Workers,
}

struct Case {
    profile: Profile,
    load: Load,
    streaming: Streaming,
    slo: Slo,
}

impl Case {
    fn new(profile: &str, load: Load, streaming: Streaming, slo: &str) -> Self {
        let profile = Profile::builtin(profile).expect("a built-in profile");
        Self { profile, load, streaming, slo: slo.parse().expect("a sound objective") }
    }

    fn plan(&self, base_url: &str, level: f64) -> LoadPlan {
        let plan = LoadPlan::builder(base_url, "rehearsal")
            .prompt(PROMPT)
            .max_tokens(8)
            .streaming(self.streaming)
            .warm_up(WarmUp::Skip);
        let plan = match self.load {
            Load::Rate(requests) => {
                let rate = RateProfile::constant(level).expect("a sound rate");
                plan.requests(requests).open_load(OpenLoad::at(rate).seed(11))
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
            Load::Workers => plan.concurrency(level as usize).requests(4 * level as usize),
        };
        plan.build().expect("a sound plan")
    }

    fn search(&self, tolerance: f64) -> LoadSearch {
        match self.load {
            Load::Rate(_) => LoadSearch::over_rate(128.0, 4096.0, tolerance),
            Load::Workers => LoadSearch::over_concurrency(1, 4096),
        }
        .expect("sound bounds")
    }

    async fn in_memory(&self, level: f64) -> Vec<RequestTimeline> {
        let fake = FakeVllm::builder()
            .profile(self.profile.clone())
            .tokenizer(Tokenizer::byte_level())
            .pacing(Pacing::Virtual)
            .start_in_memory()
            .expect("the fake starts");
        let connector = fake.connector();
        let transport = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
        let run = Run::new(self.plan(fake.base_url(), level), transport);
        run.run(std::future::pending()).await.expect("the run ends").requests
    }

    /// Whether the bare engine meets the objective at this level.
    fn is_met(&self, level: f64, prompt: &Arc<[u32]>) -> bool {
        let config = self.profile.engine_config().expect("the profile starts");
        let forecast = Forecast::of(config, &self.plan("http://forecast", level), |_| Arc::clone(prompt));
        self.judge(&forecast.expect("the engine takes the plan").requests)
    }

    fn judge(&self, requests: &[RequestTimeline]) -> bool {
        self.slo.judge(requests, 0).outcome == SloOutcome::Met
    }
}

fn found(search: &LoadSearch) -> (f64, f64) {
    match search.knee() {
        Knee::Found { highest_met, lowest_missed } => (highest_met, lowest_missed),
        unresolved @ Knee::Unresolved { .. } => panic!("{unresolved:?}"),
    }
}

async fn check(case: Case) {
    let mut search = case.search(TOLERANCE);
    let mut prompt_tokens = None;
    while let Some(level) = search.next_level() {
        let requests = case.in_memory(level).await;
        prompt_tokens = requests[0].prompt_tokens();
        search.observe(case.judge(&requests));
    }
    let (met, missed) = found(&search);

    let prompt: Arc<[u32]> = (0..u32::try_from(prompt_tokens.expect("usage")).expect("a short prompt")).collect();
    let mut truth = case.search(0.001);
    while let Some(level) = truth.next_level() {
        truth.observe(case.is_met(level, &prompt));
    }
    let (knee, _) = found(&truth);
    for step in 1..=12 {
        let factor = (1.0 + BOUND).powi(step * step);
        let (below, above) = (knee / factor, knee * factor);
        let (below, above) =
            if matches!(case.load, Load::Workers) { (below.floor(), above.ceil()) } else { (below, above) };
        assert!(below < 1.0 || case.is_met(below, &prompt), "{} has no knee at {knee}: {below} misses", case.slo);
        assert!(!case.is_met(above, &prompt), "{} has no knee at {knee}: {above} meets", case.slo);
    }
    assert!((met / knee - 1.0).abs() <= BOUND, "{}: the knee is at {knee}, found between {met} and {missed}", case.slo);
}

/// 1,024 requests at a time, as the profile has it: the batch grows with the load, and its steps with it.
#[tokio::test(start_paused = true)]
async fn on_one_gpu() {
    check(Case::new("report-tp1", Load::Rate(200), Streaming::Off, "e2el:p95<900ms")).await;
}

/// 32 requests at a time, as in the report: beyond, they queue for their first token.
#[tokio::test(start_paused = true)]
async fn on_two_gpus() {
    check(Case::new("report-tp2", Load::Rate(200), Streaming::On, "ttft:p95<300ms")).await;
}

#[tokio::test(start_paused = true)]
async fn on_four_gpus_of_another_kind() {
    check(Case::new("h100-llama3-70b-fp8-tp4", Load::Rate(200), Streaming::Off, "e2el:p95<250ms")).await;
}

/// Workers are whole numbers: the knee is one of them.
#[tokio::test(start_paused = true)]
async fn by_workers_of_a_closed_loop() {
    check(Case::new("rtxpro6000-72b-fp8-tp2", Load::Workers, Streaming::Off, "e2el:p95<500ms")).await;
}

/// 64 requests at some 200 a second are over before the server's batch has filled.
#[test]
fn an_answer_from_short_bursts_says_so() {
    let search = |extent: [&str; 2]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        command.env_remove("OPENAI_API_KEY").args([
            "bench",
            "--fake",
            "report-tp1",
            "--model",
            "tiny",
            "--max-tokens",
            "8",
        ]);
        command.args([
            "--search",
            "rate",
            "--request-rate",
            "16",
            "--search-tolerance",
            "0.5",
            "--slo",
            "e2el:p95<900ms",
        ]);
        let output = command.args(extent).args(["--server-metrics", "off"]).assert().success().get_output().clone();
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(search(["-n", "64"]).contains("short burst"));
    assert!(!search(["--duration", "4"]).contains("short burst"));
}
