//! The page in `OpenMetrics` 1.0's text format.

use std::fmt::Write;

use super::live::{Counted, Live};

/// The whole page, with its end mark.
pub(super) fn text(live: &Live) -> String {
    let mut page = String::new();
    family(&mut page, "rehearsal_requests", "counter", "Requests that ended, by how they did.");
    for (verdict, count) in &live.verdicts {
        line(&mut page, format_args!("rehearsal_requests_total{{verdict=\"{verdict}\"}} {count}"));
    }
    family(&mut page, "rehearsal_requests_in_flight", "gauge", "Requests that were sent and have not ended.");
    line(&mut page, format_args!("rehearsal_requests_in_flight {}", live.in_flight));
    family(&mut page, "rehearsal_prompt_tokens", "counter", "Prompt tokens that usage states, over successes.");
    line(&mut page, format_args!("rehearsal_prompt_tokens_total {}", live.prompt_tokens));
    family(&mut page, "rehearsal_output_tokens", "counter", "Output tokens that usage states, over successes.");
    line(&mut page, format_args!("rehearsal_output_tokens_total {}", live.output_tokens));
    histogram(&mut page, "rehearsal_ttft_seconds", "Time to first token.", &live.ttft);
    histogram(&mut page, "rehearsal_itl_seconds", "Inter-token latency, pooled.", &live.itl);
    histogram(&mut page, "rehearsal_e2el_seconds", "End-to-end latency.", &live.e2el);
    histogram(&mut page, "rehearsal_schedule_lag_seconds", "How late the generator itself sent.", &live.lag);
    page + "# EOF\n"
}

fn histogram(page: &mut String, name: &str, help: &str, counted: &Counted) {
    family(page, name, "histogram", help);
    line(page, format_args!("# UNIT {name} seconds"));
    for (bound, count) in counted.cumulative() {
        line(page, format_args!("{name}_bucket{{le=\"{bound:?}\"}} {count}"));
    }
    line(page, format_args!("{name}_bucket{{le=\"+Inf\"}} {}", counted.count()));
    line(page, format_args!("{name}_count {}", counted.count()));
    line(page, format_args!("{name}_sum {}", counted.sum));
}

fn family(page: &mut String, name: &str, kind: &str, help: &str) {
    line(page, format_args!("# TYPE {name} {kind}"));
    line(page, format_args!("# HELP {name} {help}"));
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // writing to a String cannot fail
    let _ = writeln!(page, "{text}");
}
