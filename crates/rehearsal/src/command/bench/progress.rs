//! How far the run is: a bar on a terminal, a line every ten seconds otherwise.

use std::{
    io::{self, IsTerminal, stderr},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use rehearsal_load::{Event, Observer, Progress};

use super::PROGRESS_INTERVAL;
use crate::render;

/// How often what is shown is looked at again, by whoever shows it.
const TICK: Duration = Duration::from_millis(200);

/// What shows the progress, and how often it wants a tick.
pub(super) fn observer(requests: Option<usize>) -> (Display, Duration) {
    if stderr().is_terminal() {
        (Display::Bar(bar(requests)), TICK)
    } else {
        (Display::Lines { next: PROGRESS_INTERVAL }, TICK)
    }
}

/// Shows how far a run is.
pub(super) enum Display {
    Bar(ProgressBar),
    Lines {
        /// When the next line is due.
        next: Duration,
    },
}

impl Observer for Display {
    fn on_event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match (self, event) {
            (Self::Bar(bar), Event::Finished { progress, .. } | Event::Tick(progress)) => {
                bar.set_position(progress.finished() as u64);
                bar.set_message(words(*progress));
            }
            (Self::Bar(bar), Event::Ended { .. }) => bar.finish_and_clear(),
            (Self::Lines { next }, Event::Tick(progress)) if *next <= progress.elapsed => {
                *next = progress.elapsed + PROGRESS_INTERVAL;
                render::note(line(*progress));
            }
            _ => {}
        }
        Ok(())
    }
}

fn bar(requests: Option<usize>) -> ProgressBar {
    let template = match requests {
        Some(_) => "{elapsed:>5} [{bar:30}] {pos}/{len} requests, {msg}",
        None => "{elapsed:>5} {spinner} {pos} requests, {msg}",
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    let bar = match requests {
        Some(requests) => ProgressBar::new(requests as u64),
        None => ProgressBar::no_length(),
    };
    bar.with_style(style)
}

fn line(progress: Progress) -> String {
    let seconds = progress.elapsed.as_secs();
    format!("{seconds:>4} s  {}/{} requests, {}", progress.finished(), progress.requests, words(progress))
}

fn words(progress: Progress) -> String {
    let seconds = progress.elapsed.as_secs_f64();
    let rate = if 0.0 < seconds { progress.output_tokens as f64 / seconds } else { 0.0 };
    format!("{} failed, {} in flight, {rate:.1} tok/s", progress.errors, progress.in_flight)
}
