//! The frame of a chart: two axes with round ticks, and the marks inside.

use std::fmt::Write;

use super::{
    axis::{Axis, PlacedAxis, number},
    escape,
    ink::Ink,
};

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 34.0;
/// Room above a drawing that stands alone, for its caption, and for each row of what its colours mean.
const CAPTION: f64 = 24.0;
const ROW: f64 = 18.0;
const DRAWING_STYLE: &str = include_str!("drawing.css");

/// A chart that is being drawn, to be put into a page or to stand alone.
///
/// ```
/// use rehearsal_load::report::{Axis, Chart, Ink};
///
/// let mut chart = Chart::new(Axis::logarithmic("users", 1.0, 4.0), Axis::linear("tokens/s", 0.0, 52.0));
/// chart.band(Ink::A, [(1.0, 12.9, 16.5), (4.0, 51.8, 65.5)]);
/// chart.line(Ink::A, [(1.0, 12.9), (4.0, 51.8)]);
/// assert!(chart.drawing("Throughput", &[(Ink::A, "one GPU")]).starts_with("<svg xmlns="));
/// ```
#[derive(Debug, Clone)]
#[must_use = "a chart is drawn by `figure` or `drawing`"]
pub struct Chart {
    x: PlacedAxis,
    y: PlacedAxis,
    marks: String,
}

impl Chart {
    /// An empty chart between two axes.
    pub fn new(x: Axis, y: Axis) -> Self {
        Self { x: x.between(LEFT, WIDTH - RIGHT), y: y.between(HEIGHT - BOTTOM, TOP), marks: String::new() }
    }

    /// A line through `points`.
    pub fn line(&mut self, ink: Ink, points: impl IntoIterator<Item = (f64, f64)>) {
        let path = self.path(points);
        if !path.is_empty() {
            let _ = write!(self.marks, "<path class=\"line {}\" style=\"fill:none\" d=\"{path}\"/>", ink.class());
        }
    }

    /// The area between two lines: points are `(x, low, high)`.
    pub fn band(&mut self, ink: Ink, points: impl IntoIterator<Item = (f64, f64, f64)>) {
        let points: Vec<(f64, f64, f64)> = points.into_iter().collect();
        let upper = points.iter().map(|(x, _, high)| (*x, *high));
        let lower = points.iter().rev().map(|(x, low, _)| (*x, *low));
        let path = self.path(upper.chain(lower));
        if !path.is_empty() {
            let _ = write!(self.marks, "<path class=\"band {}\" d=\"{path}Z\"/>", ink.class());
        }
    }

    /// A dot that says `title` under the pointer.
    pub fn dot(&mut self, ink: Ink, x: f64, y: f64, title: &str) {
        let _ = write!(
            self.marks,
            "<circle class=\"dot {}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.6\"><title>{}</title></circle>",
            ink.class(),
            self.x.at(x),
            self.y.at(y),
            escape(title),
        );
    }

    /// A word beside a point.
    pub fn label(&mut self, x: f64, y: f64, text: &str) {
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
    pub fn bar(&mut self, ink: Ink, from: f64, to: f64, height: f64, title: &str) {
        self.area(ink, (from, to), (0.0, height), title);
    }

    /// A filled rectangle.
    pub fn area(&mut self, ink: Ink, x: (f64, f64), y: (f64, f64), title: &str) {
        let (left, right) = (self.x.at(x.0), self.x.at(x.1));
        let (bottom, top) = (self.y.at(y.0), self.y.at(y.1));
        let _ = write!(
            self.marks,
            "<rect class=\"bar {}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            ink.class(),
            (right - left).max(0.8),
            (bottom - top).max(0.0),
            escape(title),
        );
    }

    /// The chart as a figure of a page, with its caption, a note, and what the colours mean.
    #[must_use]
    pub fn figure(&self, id: &str, caption: &str, note: &str, keys: &[(Ink, &str)]) -> String {
        let mut legend = String::new();
        for (ink, name) in keys {
            let class = ink.class();
            let _ = write!(legend, " <span class=\"entry\"><span class=\"key {class}\"></span>{}</span>", escape(name));
        }
        format!(
            "<figure id=\"{}\"><figcaption>{}<small>{}{legend}</small></figcaption>\
             <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{}{}</svg></figure>\n",
            escape(id),
            escape(caption),
            escape(note),
            escape(caption),
            self.axes(),
            self.marks,
        )
    }

    /// The chart as an SVG file of its own, caption and colours inside.
    #[must_use]
    pub fn drawing(&self, caption: &str, keys: &[(Ink, &str)]) -> String {
        let (mut legend, mut at, mut row) = (String::new(), LEFT, 0.0);
        for (ink, name) in keys {
            // no font is known here: 6.4 of 440 units are enough for a letter of 12 in most
            let width = 28.0 + 6.4 * name.chars().count() as f64;
            if WIDTH < at + width {
                (at, row) = (LEFT, row + 1.0);
            }
            let y = ROW * row;
            let _ = write!(
                legend,
                "<rect class=\"bar {}\" x=\"{at:.1}\" y=\"{:.1}\" width=\"10\" height=\"10\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                ink.class(),
                y + 2.0,
                at + 14.0,
                y + 11.0,
                escape(name),
            );
            at += width;
        }
        let head = if keys.is_empty() { CAPTION } else { CAPTION + ROW * (row + 1.0) };
        let height = HEIGHT + head;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 -{head} {WIDTH} {height}\" width=\"{}\" role=\"img\" aria-label=\"{}\">\n\
             <style>\n{DRAWING_STYLE}</style>\n<rect class=\"ground\" x=\"0\" y=\"-{head}\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
             <text class=\"caption\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>\n<g transform=\"translate(0 {:.1})\">{legend}</g>\n{}{}\n</svg>\n",
            1.5 * WIDTH,
            escape(caption),
            16.0 - head,
            escape(caption),
            CAPTION - head,
            self.axes(),
            self.marks,
        )
    }

    fn path(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "{}{:.1} {:.1}", if path.is_empty() { "M" } else { "L" }, self.x.at(x), self.y.at(y));
        }
        path
    }

    fn axes(&self) -> String {
        let mut axes = String::new();
        for tick in self.x.ticks() {
            let at = self.x.at(*tick);
            let _ = write!(
                axes,
                "<line class=\"axis\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{:.1}\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 14.0,
                number(*tick),
            );
        }
        for tick in self.y.ticks() {
            let at = self.y.at(*tick);
            let _ = write!(
                axes,
                "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 5.0,
                at + 4.0,
                number(*tick),
            );
        }
        let _ = write!(
            axes,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text x=\"12\" y=\"{TOP}\" text-anchor=\"end\" transform=\"rotate(-90 12 {TOP})\">{}</text>",
            WIDTH - RIGHT,
            HEIGHT - 4.0,
            escape(self.x.label()),
            escape(self.y.label()),
        );
        axes
    }
}
