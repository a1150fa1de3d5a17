//! Reads what clients report: one file a form.

mod aiperf;
mod guidellm;
mod rehearsal;
mod vllm;

use std::{fmt, str::FromStr};

use serde_json::Value;

use super::Reported;

/// A form of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportForm {
    /// The full report of `rehearsal bench --report`.
    Rehearsal,
    /// The result file of `vllm bench serve --save-result`.
    Vllm,
    /// The JSON output of `guidellm benchmark`.
    Guidellm,
    /// `profile_export_aiperf.json` of `aiperf profile`.
    Aiperf,
    /// [`Reported`] itself, for scripts.
    Plain,
}

impl ReportForm {
    /// Every form.
    pub const ALL: [Self; 5] = [Self::Rehearsal, Self::Vllm, Self::Guidellm, Self::Aiperf, Self::Plain];

    /// The form's name on the command line.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Rehearsal => "rehearsal",
            Self::Vllm => "vllm",
            Self::Guidellm => "guidellm",
            Self::Aiperf => "aiperf",
            Self::Plain => "plain",
        }
    }

    /// What a report of this form says; `None` when it is not of this form.
    #[must_use]
    pub fn read(self, report: &Value) -> Option<Reported> {
        let reported = match self {
            Self::Rehearsal => rehearsal::read(report)?,
            Self::Vllm => vllm::read(report)?,
            Self::Guidellm => guidellm::read(report)?,
            Self::Aiperf => aiperf::read(report)?,
            Self::Plain => serde_json::from_value(report.clone()).ok()?,
        };
        (!reported.is_empty()).then_some(reported)
    }

    /// What a report of whichever form says.
    #[must_use]
    pub fn read_any(report: &Value) -> Option<Reported> {
        Self::ALL.into_iter().find_map(|form| form.read(report))
    }
}

impl fmt::Display for ReportForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// The name is not one of a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown form of report `{0}`; use auto, rehearsal, vllm, guidellm, aiperf or plain")]
pub struct UnknownReportForm(String);

impl FromStr for ReportForm {
    type Err = UnknownReportForm;

    fn from_str(name: &str) -> Result<Self, UnknownReportForm> {
        Self::ALL.into_iter().find(|form| form.label() == name).ok_or_else(|| UnknownReportForm(name.to_owned()))
    }
}

/// The number at a JSON pointer.
fn number(report: &Value, pointer: &str) -> Option<f64> {
    report.pointer(pointer)?.as_f64().filter(|number| number.is_finite())
}

/// The count at a JSON pointer, which some tools write as a float.
fn count(report: &Value, pointer: &str) -> Option<u64> {
    whole(number(report, pointer)?)
}

/// A float that is a whole number of things.
fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a count below 2^53")]
    (0.0..9e15).contains(&number).then(|| number.round() as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_found_by_what_is_in_it() {
        let plain = json!({"successes": 4, "ttft_ms": 12.5});
        assert_eq!(
            ReportForm::read_any(&plain),
            Some(Reported { successes: Some(4), ttft_ms: Some(12.5), ..Reported::default() })
        );
        for nothing in [json!({}), json!([]), json!("text"), json!({"successes": "four"}), json!({"other": 1})] {
            assert_eq!(ReportForm::read_any(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn forms_have_names() {
        for form in ReportForm::ALL {
            assert_eq!(form.label().parse(), Ok(form));
        }
        assert!("excel".parse::<ReportForm>().unwrap_err().to_string().contains("`excel`"));
    }
}
