//! The frame of a chart: scales, axes with round ticks, and the marks inside.

use std::fmt::Write;

use super::escape;

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 34.0;

/// A linear scale from data to the drawing.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    fn at(self, value: f64) -> f64 {
        self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)
    }
}

/// A chart that is being drawn.
pub(super) struct Frame {
    x: Scale,
    y: Scale,
    marks: String,
    axes: String,
}

impl Frame {
    /// A frame that shows `x.0` to `x.1` and `y.0` to `y.1`, widened to round numbers.
    pub(super) fn new(x: (f64, f64), x_label: &str, y: (f64, f64), y_label: &str) -> Self {
        let (x_ticks, y_ticks) = (ticks(x.0, x.1, 5), ticks(y.0, y.1, 5));
        let scale = |ticks: &[f64], data: (f64, f64), start, end| Scale {
            low: ticks.first().copied().unwrap_or(0.0).min(data.0),
            high: ticks.last().copied().unwrap_or(1.0).max(data.1),
            start,
            end,
        };
        let x_scale = scale(&x_ticks, x, LEFT, WIDTH - RIGHT);
        let y_scale = scale(&y_ticks, y, HEIGHT - BOTTOM, TOP);
        let mut axes = String::new();
        for tick in x_ticks {
            let at = x_scale.at(tick);
            let _ = write!(
                axes,
                "<line class=\"axis\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{:.1}\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 14.0,
                number(tick),
            );
        }
        for tick in y_ticks {
            let at = y_scale.at(tick);
            let _ = write!(
                axes,
                "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 5.0,
                at + 4.0,
                number(tick),
            );
        }
        let _ = write!(
            axes,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text x=\"12\" y=\"{TOP}\" text-anchor=\"end\" transform=\"rotate(-90 12 {TOP})\">{}</text>",
            WIDTH - RIGHT,
            HEIGHT - 4.0,
            escape(x_label),
            escape(y_label),
        );
        Self { x: x_scale, y: y_scale, marks: String::new(), axes }
    }

    /// A line through `points`.
    pub(super) fn line(&mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "{}{:.1} {:.1}", if path.is_empty() { "M" } else { "L" }, self.x.at(x), self.y.at(y));
        }
        if !path.is_empty() {
            let _ = write!(self.marks, "<path class=\"line {class}\" style=\"fill:none\" d=\"{path}\"/>");
        }
    }

    /// A dot that says `title` under the pointer.
    pub(super) fn dot(&mut self, class: &str, x: f64, y: f64, title: &str) {
        let _ = write!(
            self.marks,
            "<circle class=\"dot {class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.6\"><title>{}</title></circle>",
            self.x.at(x),
            self.y.at(y),
            escape(title),
        );
    }

    /// A word beside a point.
    pub(super) fn label(&mut self, x: f64, y: f64, text: &str) {
        let (x, y) = (self.x.at(x), self.y.at(y));
        // on the side where there is room
        let (x, anchor) = if x < WIDTH / 2.0 { (x + 5.0, "start") } else { (x - 5.0, "end") };
        let _ = write!(
            self.marks,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            y - 4.0,
            escape(text)
        );
    }

    /// A bar from the x axis.
    pub(super) fn bar(&mut self, class: &str, from: f64, to: f64, height: f64, title: &str) {
        self.area(class, (from, to), (0.0, height), title);
    }

    /// A filled rectangle.
    pub(super) fn area(&mut self, class: &str, x: (f64, f64), y: (f64, f64), title: &str) {
        let (left, right) = (self.x.at(x.0), self.x.at(x.1));
        let (bottom, top) = (self.y.at(y.0), self.y.at(y.1));
        let _ = write!(
            self.marks,
            "<rect class=\"bar {class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            (right - left).max(0.8),
            (bottom - top).max(0.0),
            escape(title),
        );
    }

    /// The figure, with its caption and what the colours mean.
    pub(super) fn figure(self, id: &str, caption: &str, note: &str, keys: &[(&str, &str)]) -> String {
        let mut legend = String::new();
        for (class, name) in keys {
            let _ = write!(legend, " <span class=\"entry\"><span class=\"key {class}\"></span>{}</span>", escape(name));
        }
        format!(
            "<figure id=\"{id}\"><figcaption>{}<small>{}{legend}</small></figcaption>\
             <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{}{}</svg></figure>\n",
            escape(caption),
            escape(note),
            escape(caption),
            self.axes,
            self.marks,
        )
    }
}

/// Round numbers from at most `low` to at least `high`, about `count` of them.
pub(super) fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let span = if low < high { high - low } else { high.abs().max(1e-3) };
    let rough = span / count as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| rough <= *step);
    let step = step.unwrap_or(power * 10.0);
    let first = (low / step).floor();
    let last = ((high.max(low + step)) / step).ceil();
    let mut ticks = Vec::new();
    let mut tick = first;
    while tick <= last && ticks.len() < 4 * count {
        ticks.push(tick * step);
        tick += 1.0;
    }
    ticks
}

/// A number on an axis, without noise.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let size = value.abs();
    if 1e6 <= size {
        format!("{}M", trimmed(value / 1e6, 2))
    } else if 1e4 <= size {
        format!("{}k", trimmed(value / 1e3, 1))
    } else if 10.0 <= size {
        trimmed(value, 1)
    } else {
        trimmed(value, 4)
    }
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_enclose_the_data() {
        assert_eq!(ticks(0.0, 530.0, 5), [0.0, 200.0, 400.0, 600.0]);
        assert_eq!(ticks(0.0, 1.0, 5), [0.0, 0.2, 0.4, 3.0 * 0.2, 0.8, 1.0]);
        assert_eq!(ticks(3.0, 3.0, 5), [3.0, 4.0], "one value still has a scale");
        assert_eq!([0.0, 3.0 * 0.2, 12.0, 25_000.0, 1_500_000.0].map(number), ["0", "0.6", "12", "25k", "1.5M"]);
    }
}
