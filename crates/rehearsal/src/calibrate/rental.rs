//! What to run on a machine rented for a quarter of an hour, so that a calibration has what it needs.

use std::fmt::Write;

/// Mean tokens of prompts and answers: short and long prompts tell prefill and the KV slope apart.
const SHAPES: [(u32, u32); 2] = [(128, 256), (2048, 256)];
/// The run that is held out.
const HELD_OUT: (u32, u32) = (1024, 256);
/// Concurrencies: one request, the middle, many; they tell the fixed cost and the batch slope apart.
const CONCURRENCIES: [u32; 3] = [1, 16, 64];
/// Lengths are spread evenly by this share around their mean.
const SPREAD: f64 = 0.2;

/// A shell script of about fifteen minutes for each number of GPUs: six runs to fit and thirty seconds of an open loop to hold out.
///
/// Lengths are spread by a fifth because equal ones run in waves, which no service sees. Every run has a seed of its own: with the same one, two
/// runs would send the same prompts, and the second would find them in the prefix cache.
#[must_use]
pub fn rental_script(model: &str, serve_flags: &str, tensor_parallel: &[u32]) -> String {
    let model = &quoted(model);
    let mut text = String::from(
        "#!/usr/bin/env bash\n# About 15 minutes for each number of GPUs, once the weights are there.\nset -euo pipefail\n",
    );
    for ranks in tensor_parallel {
        // writing to a String cannot fail
        let _ = write!(
            text,
            "\nmkdir -p fit-tp{ranks} holdout-tp{ranks}\n\
             vllm serve {model} --tensor-parallel-size {ranks} {serve_flags} > serve-tp{ranks}.log 2>&1 &\nserver=$!\n\
             until curl -sf http://127.0.0.1:8000/health; do kill -0 $server; sleep 2; done\n"
        );
        let mut seed = 0;
        for shape in SHAPES {
            for concurrency in CONCURRENCIES {
                seed += 1;
                let load = format!("-c {concurrency} -n {}", (2 * concurrency).max(16));
                let file = format!("fit-tp{ranks}/{}-c{concurrency}.json", shape.0);
                run(&mut text, model, shape, seed, &load, &file);
            }
        }
        run(
            &mut text,
            model,
            HELD_OUT,
            seed + 1,
            "--request-rate 1 --duration 30",
            &format!("holdout-tp{ranks}/open.json"),
        );
        text.push_str("kill $server; wait $server || true\n");
    }
    let _ = write!(
        text,
        "\n# then, anywhere:\n# rehearsal calibrate --gpu GPU --model config.json --length-spread {SPREAD} --out profiles"
    );
    for ranks in tensor_parallel {
        let _ = write!(text, " --fit {ranks}=fit-tp{ranks} --holdout {ranks}=holdout-tp{ranks}");
    }
    text
}

fn run(text: &mut String, model: &str, (prompt, output): (u32, u32), seed: u32, load: &str, file: &str) {
    let spread = |tokens: u32| {
        let tokens = f64::from(tokens);
        format!("{:.0}..{:.0}", tokens * (1.0 - SPREAD), tokens * (1.0 + SPREAD))
    };
    let _ = writeln!(
        text,
        "rehearsal bench --base-url http://127.0.0.1:8000 --model {model} --stream --ignore-eos --input-tokens {} --output-tokens {} \
         --seed {seed} {load} --report {file}",
        spread(prompt),
        spread(output),
    );
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_with_blanks_stays_one_word() {
        assert!(rental_script("my model's", "", &[1]).contains(r"--model 'my model'\''s' --stream"));
    }

    #[test]
    fn the_script_has_six_runs_and_a_holdout_for_each_number_of_gpus() {
        let script = rental_script("some/model", "--kv-cache-dtype fp8", &[1, 2]);
        assert!(script.contains("vllm serve some/model --tensor-parallel-size 2 --kv-cache-dtype fp8"));
        assert!(script.contains(
            "--input-tokens 1638..2458 --output-tokens 205..307 --seed 6 -c 64 -n 128 --report fit-tp2/2048-c64.json"
        ));
        assert!(
            script
                .contains("--length-spread 0.2 --out profiles --fit 1=fit-tp1 --holdout 1=holdout-tp1 --fit 2=fit-tp2")
        );
        let of_two = script.split("tensor-parallel-size 2").nth(1).unwrap();
        let runs: Vec<&str> = of_two.lines().filter(|line| line.starts_with("rehearsal bench")).collect();
        let seeds: BTreeSet<&str> =
            runs.iter().map(|run| run.split("--seed ").nth(1).unwrap().split(' ').next().unwrap()).collect();
        assert_eq!((runs.len(), seeds.len()), (7, 7), "no run finds another one's prompts in the cache");
    }
}
