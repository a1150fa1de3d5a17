//! The `python_` and `process_` families with which `prometheus_client` opens every page (`process_collector.py`, `platform_collector.py`,
//! `gc_collector.py`).

use std::{fs, time::Duration};

use super::text::{Exposition, Label};

/// Clock ticks of a second in `/proc/self/stat`: `USER_HZ`, 100 on every architecture that vLLM runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// What Linux tells about this process; other systems tell nothing, and `prometheus_client` then leaves the families out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Process {
    virtual_bytes: Option<f64>,
    resident_bytes: Option<f64>,
    cpu_seconds: Option<f64>,
    open_files: Option<f64>,
    max_files: Option<f64>,
}

impl Process {
    /// As of now.
    pub(super) fn read() -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        let (status, stat, limits) = (read("status"), read("stat"), read("limits"));
        Self {
            virtual_bytes: kilobytes(&status, "VmSize:"),
            resident_bytes: kilobytes(&status, "VmRSS:"),
            cpu_seconds: cpu_seconds(&stat),
            open_files: fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as f64),
            max_files: max_files(&limits),
        }
    }
}

/// Writes the families. The interpreter is the recorded servers', and it has collected nothing: there is no Python here to measure.
pub(super) fn write(page: &mut Exposition, process: &Process, started: Duration) {
    for (name, help) in [
        ("objects_collected", "Objects collected during gc"),
        ("objects_uncollectable", "Uncollectable objects found during GC"),
        ("collections", "Number of times this generation was collected"),
    ] {
        let generations = ["0", "1", "2"].map(|generation| [("generation", generation)]);
        let samples: Vec<(&[Label<'_>], f64)> = generations.iter().map(|labels| (labels.as_slice(), 0.0)).collect();
        page.bare_counter(&format!("python_gc_{name}"), help, &samples);
    }
    let python: &[Label<'_>] =
        &[("implementation", "CPython"), ("major", "3"), ("minor", "11"), ("patchlevel", "7"), ("version", "3.11.7")];
    page.gauge("python_info", "Python platform information", &[(python, 1.0)]);
    gauge(page, "process_virtual_memory_bytes", "Virtual memory size in bytes.", process.virtual_bytes);
    gauge(page, "process_resident_memory_bytes", "Resident memory size in bytes.", process.resident_bytes);
    let started = process.cpu_seconds.map(|_| started.as_secs_f64());
    gauge(page, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", started);
    if let Some(seconds) = process.cpu_seconds {
        let help = "Total user and system CPU time spent in seconds.";
        page.bare_counter("process_cpu_seconds", help, &[(&[], seconds)]);
    }
    gauge(page, "process_open_fds", "Number of open file descriptors.", process.open_files);
    gauge(page, "process_max_fds", "Maximum number of open file descriptors.", process.max_files);
}

fn gauge(page: &mut Exposition, name: &str, help: &str, value: Option<f64>) {
    if let Some(value) = value {
        page.gauge(name, help, &[(&[], value)]);
    }
}

/// `VmRSS:    1234 kB` as bytes.
fn kilobytes(status: &str, key: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let count: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(count * 1024.0)
}

/// User and system time, fields 14 and 15; the second field is a name in brackets that may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after) = stat.rsplit_once(')')?;
    let mut ticks = after.split_whitespace().skip(11).map(str::parse::<f64>);
    Some((ticks.next()?.ok()? + ticks.next()?.ok()?) / TICKS_PER_SECOND)
}

/// The soft limit of open files.
fn max_files(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read() {
        assert_eq!(kilobytes("Name:\tx\nVmRSS:\t  2 kB\n", "VmRSS:"), Some(2048.0));
        let stat = "7 (a) b) S 1 1 1 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 1 1 1";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(
            max_files("Max open files            1024                 4096                 files\n"),
            Some(1024.0)
        );
        assert_eq!(kilobytes("", "VmRSS:"), None);
        assert_eq!(cpu_seconds(""), None);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut page = Exposition::new(1.0);
        write(&mut page, &Process::default(), Duration::from_secs(1));
        let page = page.finish();
        assert!(page.contains("python_info") && !page.contains("process_"), "{page}");
    }
}
