//! Charts of a forecast: lines over rising load, each in its band.

use std::{fs, path::Path};

use rehearsal::{
    forecast::Band,
    load::report::{Axis, Chart, Ink, escape, page},
};

use super::{answers::Answers, sweep::Outlook};
use crate::exit::Expected;

/// Lines that one chart can hold without becoming a tangle.
const MOST_LINES: usize = 5;

/// A chart that is not drawn yet.
pub(super) struct Picture {
    id: &'static str,
    caption: &'static str,
    note: String,
    x_label: String,
    y_label: String,
    lines: Vec<Line>,
}

/// One deployment.
struct Line {
    title: String,
    points: Vec<(f64, Band)>,
    /// What was really measured.
    measured: Option<(f64, f64)>,
}

/// The charts of candidates.
pub(super) fn of_answers(answers: &Answers) -> Vec<Picture> {
    let lines = |figure: &dyn Fn(&super::answers::Point) -> Option<Band>| -> Vec<Line> {
        let all = answers.all.iter().take(MOST_LINES).map(|answer| Line {
            title: answer.title.clone(),
            points: answer.points.iter().filter_map(|point| Some((point.level.amount(), figure(point)?))).collect(),
            measured: None,
        });
        all.collect()
    };
    let ms = |band: Option<Band>| band.map(|band| band.map(|seconds| seconds * 1e3));
    let more = answers.all.len().saturating_sub(MOST_LINES);
    let note = if more == 0 { String::new() } else { format!("; {more} more are in the text below") };
    let picture = |id, caption, y_label: &str, figure: &dyn Fn(&super::answers::Point) -> Option<Band>| Picture {
        id,
        caption,
        note: format!("the line is likely, the band what may be{note}"),
        x_label: answers.unit.to_owned(),
        y_label: y_label.to_owned(),
        lines: lines(figure),
    };
    vec![
        picture("throughput", "Throughput", "output tokens/s", &|point| Some(point.outlook.output_tps)),
        picture("tpot", "Time per output token, mean", "milliseconds", &|point| ms(point.outlook.tpot_mean_s)),
        picture("ttft", "Time to first token, 99th percentile", "milliseconds", &|point| ms(point.outlook.ttft_p99_s)),
        picture("cost", "A million output tokens", "cost", &|point| Some(point.bill?.output_pays_all)),
    ]
}

/// The charts of the report's sweep.
pub(super) fn of_sweep(outlook: &Outlook) -> Vec<Picture> {
    let throughput = outlook.sweeps.iter().map(|sweep| Line {
        title: format!("TP={}", sweep.tensor_parallel),
        points: sweep.points.iter().map(|point| (point.concurrency.get() as f64, point.output_tps)).collect(),
        measured: outlook.published(sweep.tensor_parallel).map(|it| (it.concurrency as f64, it.output_tps)),
    });
    let cost = outlook.offers.offers.iter().map(|offer| Line {
        title: offer.title(),
        points: offer.sweep(&outlook.sweeps).map_or(Vec::new(), |sweep| {
            let cost = |point: &rehearsal::forecast::SweepPoint| {
                Some((point.concurrency.get() as f64, offer.band_per_million(point.output_tps)?))
            };
            sweep.points.iter().filter_map(cost).collect()
        }),
        measured: outlook
            .published(offer.tensor_parallel)
            .and_then(|published| Some((published.concurrency as f64, offer.per_million(published.output_tps)?))),
    });
    let currency = outlook.offers.offers.iter().find_map(|offer| Some(offer.price.as_ref()?.currency.clone()));
    vec![
        Picture {
            id: "throughput",
            caption: "Throughput at c requests at a time",
            note: "the line is the kernel table, the band reaches to the roofline; dots were measured".to_owned(),
            x_label: "c for each engine".to_owned(),
            y_label: "output tokens/s".to_owned(),
            lines: throughput.collect(),
        },
        Picture {
            id: "cost",
            caption: "Cost of a million output tokens",
            note: "at c requests at a time for each engine; two replicas serve twice as many".to_owned(),
            x_label: "c for each engine".to_owned(),
            y_label: currency.unwrap_or_else(|| "no price".to_owned()),
            lines: cost.collect(),
        },
    ]
}

impl Picture {
    /// `None` when there is nothing to draw.
    fn chart(&self) -> Option<Chart> {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let extent = |values: &mut dyn Iterator<Item = f64>| {
            let finite: Vec<f64> = values.filter(|value| value.is_finite() && 0.0 < *value).collect();
            let low = finite.iter().copied().min_by(f64::total_cmp)?;
            Some((low, finite.iter().copied().max_by(f64::total_cmp)?))
        };
        let x = extent(&mut points().map(|(x, _)| *x))?;
        let y = extent(&mut points().flat_map(|(_, band)| [band.low, band.likely, band.high]))?;
        let axis = |label: &str, (low, high): (f64, f64)| Axis::logarithmic(label, low, high.max(low * 1.0001));
        let mut chart = Chart::new(axis(&self.x_label, x), axis(&self.y_label, y));
        for (index, line) in self.lines.iter().enumerate() {
            let ink = Ink::of_series(index);
            chart.band(ink, line.points.iter().map(|(x, band)| (*x, band.low, band.high)));
            chart.line(ink, line.points.iter().map(|(x, band)| (*x, band.likely)));
            for (x, band) in &line.points {
                let title = format!("{} at {x}: {:.1} ({:.1} to {:.1})", line.title, band.likely, band.low, band.high);
                chart.dot(ink, *x, band.likely, &title);
            }
            if let Some((x, y)) = line.measured {
                chart.dot(Ink::Bad, x, y, &format!("{}, measured at {x}: {y:.1}", line.title));
            }
        }
        Some(chart)
    }

    fn keys(&self) -> Vec<(Ink, &str)> {
        let lines = self.lines.iter().enumerate().map(|(index, line)| (Ink::of_series(index), line.title.as_str()));
        let measured = self.lines.iter().any(|line| line.measured.is_some()).then_some((Ink::Bad, "measured"));
        lines.chain(measured).collect()
    }
}

/// Writes the page: charts, then all that is printed.
pub(super) fn write_page(path: &Path, title: &str, pictures: &[Picture], text: &str) -> Result<(), Expected> {
    let figures = pictures.iter().filter_map(|picture| {
        Some(picture.chart()?.figure(picture.id, picture.caption, &picture.note, &picture.keys()))
    });
    let figures: String = figures.collect();
    let charts = if figures.is_empty() { figures } else { format!("<div class=\"charts\">\n{figures}</div>\n") };
    let body = format!("{charts}<div class=\"scroll\"><pre id=\"figures\">{}</pre></div>\n", escape(text));
    let subtitle =
        format!("forecast by rehearsal {}; nothing here was measured unless it says so", env!("CARGO_PKG_VERSION"));
    fs::write(path, page("Forecast", title, &subtitle, &body))
        .map_err(|error| Expected::usage(format!("page `{}`: {error}", path.display())))
}

/// Writes each chart as a file of its own into a folder.
pub(super) fn write_drawings(folder: &Path, pictures: &[Picture]) -> Result<(), Expected> {
    let unusable =
        |path: &Path, error: &dyn std::fmt::Display| Expected::usage(format!("`{}`: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| unusable(folder, &error))?;
    for picture in pictures {
        let Some(chart) = picture.chart() else { continue };
        let path = folder.join(format!("{}.svg", picture.id));
        fs::write(&path, chart.drawing(picture.caption, &picture.keys())).map_err(|error| unusable(&path, &error))?;
    }
    Ok(())
}
