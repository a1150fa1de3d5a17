//! Whole command lines, through the translation and clap.

use std::{ffi::OsString, fs};

use clap::Parser;

use super::{Translation, translate};
use crate::args::{Args, Command, ServeArgs};

const HELP_TEXTS: [(&str, &str); 2] = [
    ("0.13.0", include_str!("../../../../../fixtures/vllm-serve/flags-0.13.0.tsv")),
    ("0.32.0", include_str!("../../../../../fixtures/vllm-serve/flags-0.32.0.tsv")),
];

fn read(words: &[&str]) -> Result<ServeArgs, String> {
    let line = ["rehearsal", "serve"].iter().chain(words).map(OsString::from).collect();
    let Translation::Words { words, without_effect } = translate(line)? else { panic!("no text was asked for") };
    let args = Args::try_parse_from(words).map_err(|error| error.to_string())?;
    let Command::Serve(mut serve) = args.command else { panic!("it is `serve`") };
    serve.without_effect = without_effect;
    Ok(*serve)
}

#[track_caller]
fn refuse(words: &[&str], message: &str) {
    let error = read(words).unwrap_err();
    assert!(error.contains(message), "{words:?}: {error}");
}

/// A value that the flag takes: its first choice, its default, JSON where it is told to be JSON.
fn sample<'a>(value: &'a str, json: &str, default: &'a str) -> &'a str {
    match value.strip_prefix('{').and_then(|listed| listed.split(['}', ',']).next()) {
        Some(choice) => choice,
        None if json == "json" => r#"{"a": 1}"#,
        None if default.is_empty() || ["None", "…"].contains(&default) => "1",
        None => default,
    }
}

#[test]
fn every_flag_of_both_help_texts_parses_in_every_form() {
    let flags = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    fs::write(flags.path(), "seed: 3\n").unwrap();
    for (version, text) in HELP_TEXTS {
        let mut forms = 0;
        for line in text.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [_, declaration, json, default] = columns[..] else { panic!("{line}") };
            for (index, form) in declaration.split(", -").enumerate() {
                // the hyphen that it was split at belongs to the form
                let form = if index == 0 { form.to_owned() } else { format!("-{form}") };
                let (written, value) = form.split_once(' ').unwrap_or((&form, ""));
                let name = written.trim_start_matches('-');
                if written == "--help" || written == "-h" {
                    continue;
                }
                let sample =
                    if name == "config" { flags.path().to_str().unwrap() } else { sample(value, json, default) };
                let word = if value.is_empty() { written.to_owned() } else { format!("{written}={sample}") };
                let parsed = read(&["m", "--vllm-version", version, &word]);
                let args = parsed.unwrap_or_else(|error| panic!("{version} {word}: {error}"));
                let expect = if name == "model" { sample } else { "m" };
                assert_eq!(args.model, expect, "{word}");
                forms += 1;
            }
        }
        assert_eq!(forms, if version == "0.13.0" { 264 } else { 428 });
    }
}

#[test]
fn a_flag_either_does_something_or_is_named_as_doing_nothing() {
    let words = "m --dtype float16 -tp 2 --max_model_len 4K --served-model-name a b --no-enforce-eager -cc.mode 3 --enable-prefix-caching \
                 --hf-overrides.list+ a,b --seed=7 -dp 1 -q fp8 -O2";
    let args = read(&words.split(' ').collect::<Vec<_>>()).unwrap();
    assert_eq!(args.engine.tensor_parallel_size.map(u32::from), Some(2));
    assert!(matches!(args.engine.max_model_len, Some(super::CountOrAuto::Count(tokens)) if tokens.get() == 4096));
    assert_eq!((args.frontend.served_model_name, args.engine.seed), (vec!["a".to_owned(), "b".to_owned()], 7));
    assert_eq!(args.engine.quantization.as_deref(), Some("fp8"));
    let without =
        "--compilation-config --data-parallel-size --dtype --no-enforce-eager --hf-overrides --optimization-level";
    assert_eq!(args.without_effect.join(" "), without);
}

#[test]
fn of_a_flag_given_twice_the_last_wins() {
    let args =
        read(&["m", "--port", "1", "--enable-prompt-tokens-details", "--port=2", "--no-enable-prompt-tokens-details"]);
    let args = args.unwrap();
    assert_eq!((args.http.port, args.frontend.enable_prompt_tokens_details), (2, false));
}

#[test]
fn the_model_stands_first_or_behind_its_flag() {
    assert_eq!(read(&["--model", "m", "--port", "1"]).unwrap().model, "m");
    assert_eq!(read(&[]).unwrap().model, "Qwen/Qwen3-0.6B");
    refuse(&["m", "enable-lora"], "two models are named, `m` and `enable-lora`");
}

#[test]
fn our_own_flags_go_to_clap() {
    let args = read(&["m", "--pacing", "scaled", "--speed=100", "--start-anyway"]).unwrap();
    assert!(args.start_anyway && 99.0 < args.speed);
    refuse(&["m", "--pacing", "lunar"], "possible values: real, scaled");
}

#[test]
fn what_cannot_be_used_is_refused_with_the_remedy() {
    refuse(
        &["m", "--max-num-sequences", "3"],
        "there is no flag `--max-num-sequences`; did you mean `--max-num-seqs`?",
    );
    refuse(&["m", "--profil", "x"], "did you mean `--profile`?");
    refuse(&["m", "--xyzzy"], "--help=all");
    refuse(&["m", "--max-num-queued-reqs", "3"], "a flag of vLLM 0.32.0 that 0.13.0 does not have yet");
    refuse(&["m", "--vllm-version", "0.32.0", "--swap-space", "3"], "a flag of vLLM 0.13.0 that 0.32.0 no longer has");
    refuse(&["m", "--dtype", "float8"], "`--dtype float8`: no such choice; there are auto, bfloat16");
    refuse(&["m", "--compilation-config", "{"], "is not JSON");
    refuse(&["m", "--port"], "`--port` needs a value");
    refuse(&["m", "--enforce-eager=yes"], "is a switch and takes no value");
    refuse(&["m", "--seed.x", "3"], "takes no JSON");
    refuse(&["m", "--vllm-version", "9.9"], "9.9");
    refuse(&["m", "--tensor-parallel-size", "0"], "--tensor-parallel-size");
}

#[test]
fn help_lists_all_a_group_or_what_holds_a_word() {
    let help = |topic: &str| {
        let line = ["rehearsal".into(), "serve".into(), format!("--help={topic}").into()].to_vec();
        match translate(line) {
            Ok(Translation::Help(text)) => Ok(text),
            Ok(Translation::Words { .. }) => panic!("a text was asked for"),
            Err(error) => Err(error),
        }
    };
    let all = help("all").unwrap();
    assert_eq!(all.lines().filter(|line| line.contains(" --") && !line.starts_with("The")).count(), 195);
    assert!(all.contains("\n* --max-num-seqs MAX_NUM_SEQS"), "{all}");
    assert!(all.contains("\n  --swap-space SWAP_SPACE  [vLLM's default: 4]"), "{all}");
    assert!(help("SchedulerConfig").unwrap().lines().count() < 25);
    assert!(help("max_num").unwrap().contains("--max-num-partial-prefills"));
    assert!(help("nothing like it").unwrap_err().contains("CacheConfig"));
}

/// clap must know no flag as vLLM's that vLLM does not have.
#[test]
fn what_does_something_is_a_flag_of_vllm() {
    let tables = ["0.13.0", "0.32.0"].map(|version| super::table::Table::of(version.parse().unwrap()));
    for name in super::translate::effective() {
        let name = name.strip_prefix("no-").unwrap_or(&name).to_owned();
        assert!(tables.iter().any(|table| table.find(&format!("--{name}")).is_some()), "--{name}");
    }
}
