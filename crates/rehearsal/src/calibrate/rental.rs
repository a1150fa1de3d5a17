//! What to run on a machine rented for a quarter of an hour, so that a calibration has what it needs.

use std::fmt::Write;

/// Shapes: short and long prompts tell prefill and the KV slope apart.
const SHAPES: [(u32, u32); 2] = [(128, 256), (2048, 256)];
/// Concurrencies: one request, the middle, many; they tell the fixed cost and the batch slope apart.
const CONCURRENCIES: [u32; 3] = [1, 16, 64];

/// A shell script of about fifteen minutes for each number of GPUs: six runs to fit and one to hold out.
///
/// Lengths are spread by a fifth because equal ones run in waves, which no service sees; prompts are random, so that nothing is cached.
#[must_use]
pub fn rental_script(model: &str, serve_flags: &str, tensor_parallel: &[u32]) -> String {
    let mut text = String::from(
        "#!/usr/bin/env bash\n# About 15 minutes for each number of GPUs, once the weights are there.\nset -euo pipefail\n",
    );
    for ranks in tensor_parallel {
        // writing to a String cannot fail
        let _ = write!(
            text,
            "\nvllm serve {model} --tensor-parallel-size {ranks} {serve_flags} > serve-tp{ranks}.log 2>&1 &\nserver=$!\n\
             until curl -sf http://127.0.0.1:8000/health; do kill -0 $server; sleep 2; done\n"
        );
        for (prompt, output) in SHAPES {
            for concurrency in CONCURRENCIES {
                let requests = (2 * concurrency).max(16);
                let file = format!("--result-dir fit-tp{ranks} --result-filename {prompt}-c{concurrency}.json");
                run(&mut text, model, (prompt, output), &format!("--max-concurrency {concurrency}"), requests, &file);
            }
        }
        // thirty seconds of an open loop at a moderate rate
        run(
            &mut text,
            model,
            (1024, 256),
            "--request-rate 1",
            30,
            &format!("--result-dir holdout-tp{ranks} --result-filename open.json"),
        );
        text.push_str("kill $server; wait $server || true\n");
    }
    text.push_str("\n# then, anywhere:\n# rehearsal calibrate --gpu GPU --model config.json --out profiles");
    for ranks in tensor_parallel {
        let _ = write!(text, " --fit {ranks}=fit-tp{ranks} --holdout {ranks}=holdout-tp{ranks}");
    }
    text
}

fn run(text: &mut String, model: &str, (prompt, output): (u32, u32), load: &str, requests: u32, file: &str) {
    let _ = writeln!(
        text,
        "vllm bench serve --model {model} --dataset-name random --random-input-len {prompt} --random-output-len {output} \
         --random-range-ratio 0.2 --ignore-eos {load} --num-prompts {requests} --save-result {file}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_six_runs_and_a_holdout_for_each_number_of_gpus() {
        let script = rental_script("some/model", "--kv-cache-dtype fp8", &[1, 2]);
        assert_eq!(script.matches("vllm bench serve").count(), 14);
        assert!(script.contains("vllm serve some/model --tensor-parallel-size 2 --kv-cache-dtype fp8"));
        assert!(script.contains(
            "--max-concurrency 64 --num-prompts 128 --save-result --result-dir fit-tp2 --result-filename 2048-c64.json"
        ));
        assert!(script.contains("--fit 2=fit-tp2 --holdout 2=holdout-tp2"));
    }
}
