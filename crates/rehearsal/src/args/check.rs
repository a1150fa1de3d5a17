use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::{ClientArgs, Format, SuiteArgs};

const EXAMPLES: &str = "\
Limits:
  one exchange     --timeout, 60 s unless said; an answer that has not ended by then fails its case
  one answer       64 MiB; a longer one is cut off and judged as endless
  a server that is gone, or leaves three cases in a row without a whole answer, ends the run
  the whole run    --budget, none unless said
A run that ends early keeps what was found, also in the files of --output.
It exits with 3 where no case could be run, with 4 where one has failed, and else with 6.

Examples:
  rehearsal check --fake                                   the fake, in memory
  rehearsal check --list                                   what there is to check
  rehearsal check --fake --mutant stop-string-uncounted    the fake with a fault, to see it caught
  rehearsal check --base-url http://127.0.0.1:8000         any server
  rehearsal check --base-url http://127.0.0.1:8000 --filter U-2   the cases whose id begins with U-2
  rehearsal check --base-url http://127.0.0.1:8000 --output report.html --output report.xml    a page to read, and JUnit
  rehearsal check --base-url http://127.0.0.1:8000 --against old.json.gz     what this server does otherwise than a recorded one
  rehearsal check --base-url http://127.0.0.1:8000 --properties --budget 60     generated requests, too, for a minute in all
  rehearsal check --base-url http://127.0.0.1:8000 --properties --filter P- --seed 7   only those, the same each time
  rehearsal check --base-url http://127.0.0.1:8080 --profile openai-spec     a server that is no vLLM

Clients as targets: a server that plays hostile streams, and what a load tool reports of them against the truth.
  rehearsal check --own-client                             our load generator, in memory, exactly
  rehearsal check --client 'rehearsal bench --base-url {base_url} --stream --no-warmup -n {requests} --report {out}'
  rehearsal check --client 'vllm bench serve --backend openai-chat --endpoint /v1/chat/completions --base-url {base_url} --model {model}
    --num-prompts {requests} --save-result --result-dir {dir} …' --client-warmup 1
  rehearsal check --client 'python my_client.py' --filter C-0  a script that prints a line of JSON: {\"successes\": 4, \"ttft_ms\": 300.1, …}
";

/// Arguments of `rehearsal check`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("target").required(true).args(["base_url", "fake", "list", "list_mutants", "client", "own_client"])))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,

    #[command(flatten)]
    pub(crate) clients: ClientArgs,

    /// Only list the cases
    #[arg(long)]
    pub(crate) list: bool,

    /// Only list the faults that the fake can be given with --mutant
    #[arg(long)]
    pub(crate) list_mutants: bool,

    /// A missed SHOULD fails the run too
    #[arg(long)]
    pub(crate) strict: bool,

    /// After the cases, send generated requests, hold the answers to laws that any request keeps, and shrink what breaks one to the
    /// smallest request that still does; for a minute, or as --budget and --requests say. Alone with --filter P-
    #[arg(long)]
    pub(crate) properties: bool,

    /// How many requests to generate [default: as many as there is time for; 500 with --fake, whose time is virtual]
    #[arg(long, value_name = "N", requires = "properties")]
    pub(crate) requests: Option<u64>,

    /// Also write the report to a file; its name says how: .json or .json.gz (with every exchange: a recording), .xml (`JUnit`),
    /// .md, .html (may be given several times)
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,

    /// Tell what changed since this recording, a file of `rehearsal record`; its seed is taken, so that the same requests are sent
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
