//! `rehearsal check --client`: runs a client once a case against the played server, and reads its report.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use anyhow::Context;
use rehearsal::conformance::{
    CaseReport, ClientCase, ClientRun, ClientSuite, ClientUnderTest, OWN_REQUESTS, PlayedServer, ReportForm, Reported,
    SuiteReport, own_client,
};
use serde_json::Value;
use tokio::{
    process::Command,
    time::{Instant, timeout_at},
};

use super::suite_run;
use crate::{
    args::{CheckArgs, ClientArgs},
    exit::Expected,
    render,
};

/// What a shell says when it cannot start a command: found and not executable, not found.
const NOT_STARTED: [i32; 2] = [126, 127];

/// Bytes of a report at most; more is no report.
const MAX_REPORT: u64 = 64 << 20;

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<SuiteReport> {
    let suite = suite(args)?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all();
    let mut report = match &args.clients.client {
        Some(command) => runtime.build().context("no runtime")?.block_on(put_to_the_test(args, &suite, command))?,
        None => runtime.start_paused(true).build().context("no runtime")?.block_on(async {
            let client =
                ClientUnderTest { name: "rehearsal bench".into(), command: "in memory, in virtual time".into() };
            suite.run(client, async |case: &ClientCase| own_client(case).await, |_| {}, std::future::pending()).await
        })?,
    };
    report.recorded_at = Some(jiff::Timestamp::now().to_string());
    if let Some(reason) = &report.ended_early {
        render::warning(format!("the run ended early, {reason}"));
    }
    Ok(report)
}

fn suite(args: &CheckArgs) -> anyhow::Result<ClientSuite> {
    let mut suite = ClientSuite::standard();
    if args.clients.client.is_some() {
        suite = suite.tolerance(args.clients.tolerance).pace(args.clients.pace);
    }
    if !args.suite.filter.is_empty() {
        suite = suite.retain(|case| args.suite.filter.iter().any(|prefix| case.id.starts_with(prefix.as_str())));
    }
    if suite.cases().is_empty() {
        let filter = args.suite.filter.join(", ");
        return Err(Expected::usage(format!(
            "no case for clients has an id that begins with {filter}; they are C-00 and on"
        ))
        .into());
    }
    Ok(suite)
}

async fn put_to_the_test(args: &CheckArgs, suite: &ClientSuite, command: &str) -> anyhow::Result<SuiteReport> {
    let clients = &args.clients;
    let form = match clients.report_as.as_str() {
        "auto" => None,
        name => Some(name.parse::<ReportForm>().map_err(Expected::usage)?),
    };
    let server = PlayedServer::start().await.context("no server on a free port")?;
    let folder = std::env::temp_dir().join(format!("rehearsal-client-{}", std::process::id()));
    let first_word = command.split_whitespace().next().unwrap_or("client");
    let name =
        clients.client_name.clone().unwrap_or_else(|| first_word.rsplit('/').next().unwrap_or("client").to_owned());
    let client = ClientUnderTest { name, command: command.to_owned() };
    let all = suite.cases().len();
    let mut done = 0;
    let tell = |case: &CaseReport| {
        done += 1;
        render::note(format!("{done:>4}/{all} {} {}", case.id, case.verdict.label()));
    };
    let run = async |case: &ClientCase| -> anyhow::Result<ClientRun> {
        let folder = Folder::create(folder.join(case.id))?;
        server.play(case, clients.client_warmup);
        let job = Job { command, case, server: &server, folder: &folder.0 };
        let (ended, said) = job.run(clients).await?;
        let reported = report_of(&folder.0, &said, form);
        Ok(ClientRun { played: server.played(), reported, ended })
    };
    let report = suite.run(client, run, tell, suite_run::stop(args.suite.budget)).await;
    let _ = fs::remove_dir(&folder);
    report
}

/// A folder for one case, which is removed again.
struct Folder(PathBuf);

impl Folder {
    fn create(path: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(&path).with_context(|| format!("folder `{}`", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One run of the client.
struct Job<'j> {
    command: &'j str,
    case: &'j ClientCase,
    server: &'j PlayedServer,
    folder: &'j Path,
}

impl Job<'_> {
    /// How it ended, where that was not well, and what it said on stdout.
    async fn run(&self, clients: &ClientArgs) -> anyhow::Result<(Option<String>, String)> {
        let base_url = self.server.base_url();
        let out = self.folder.join("report.json");
        let values = [
            ("base_url", base_url.clone()),
            ("model", self.server.model().to_owned()),
            ("case", self.case.id.to_owned()),
            ("requests", OWN_REQUESTS.to_string()),
            ("out", out.display().to_string()),
            ("dir", self.folder.display().to_string()),
        ];
        let line = values
            .iter()
            .fold(self.command.to_owned(), |line, (name, value)| line.replace(&format!("{{{name}}}"), value));
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &line])
            .envs(values.iter().map(|(name, value)| (format!("REHEARSAL_{}", name.to_uppercase()), value)))
            .env("OPENAI_BASE_URL", format!("{base_url}/v1"))
            .env("OPENAI_API_KEY", "unused")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // a group of its own, so that whatever the client started ends with it
            .process_group(0)
            .kill_on_drop(true);
        let child = shell.spawn().context("`sh` does not start")?;
        let _group = Group(child.id());
        let Ok(output) = timeout_at(Instant::now() + clients.client_timeout, child.wait_with_output()).await else {
            let limit = clients.client_timeout.as_secs_f64();
            return Ok((Some(format!("it had not ended after {limit} s and was stopped")), String::new()));
        };
        let output = output.context("waiting for the client")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        let last =
            complaint.lines().chain(said.lines()).rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        if output.status.code().is_some_and(|code| NOT_STARTED.contains(&code)) && self.server.played().is_empty() {
            return Err(Expected::usage(format!("client `{}` does not start: {last}", self.command)).into());
        }
        Ok(((!output.status.success()).then(|| ended(output.status, last)), said))
    }
}

/// The processes of a client; they are told to end when it is over.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            let mut kill = std::process::Command::new("sh");
            kill.args(["-c", &format!("kill -KILL -{id}")]).stdout(Stdio::null()).stderr(Stdio::null());
            let _ = kill.status();
        }
    }
}

fn ended(status: ExitStatus, last: &str) -> String {
    let last: String = last.chars().take(300).collect();
    let how =
        status.code().map_or_else(|| "it was killed".to_owned(), |code| format!("it ended with exit code {code}"));
    if last.is_empty() { how } else { format!("{how}: {last}") }
}

/// The report in the case's folder, or on stdout.
fn report_of(folder: &Path, said: &str, form: Option<ReportForm>) -> Option<Reported> {
    let read = |value: &Value| form.map_or_else(|| ReportForm::read_any(value), |form| form.read(value));
    let mut files = json_files(folder);
    files.sort_by_key(|path| path.file_name().is_none_or(|name| name != "report.json"));
    let from_file = |path: &PathBuf| read(&serde_json::from_slice(&fs::read(path).ok()?).ok()?);
    let whole = || read(&serde_json::from_str(said).ok()?);
    files
        .iter()
        .find_map(from_file)
        .or_else(whole)
        .or_else(|| said.lines().rev().find_map(|line| read(&serde_json::from_str(line).ok()?)))
}

/// Every `.json` file under a folder.
fn json_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files = Vec::new();
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type());
        if kind.is_ok_and(|kind| kind.is_dir()) {
            files.extend(json_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json")
            && entry.metadata().is_ok_and(|metadata| metadata.len() <= MAX_REPORT)
        {
            files.push(path);
        }
    }
    files
}
