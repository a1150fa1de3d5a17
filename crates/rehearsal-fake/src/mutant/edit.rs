//! The ways in which a mutant changes an exchange.

use std::fmt;

use axum::http::response::Parts;
use bytes::Bytes;
use serde_json::Value;

use super::{part::Part, scene::Scene};

/// One change; a mutant makes one or few.
#[derive(Clone, Copy)]
pub(super) enum Edit {
    /// Of the request's body, before the server sees it: the fault is then as real as the server's own work.
    Request(fn(&Scene, &mut Value)),
    /// Of the answer's status and headers.
    Head(fn(&Scene, &mut Parts)),
    /// Of each JSON object of the answer.
    Json(fn(&mut Scene, &mut Value)),
    /// Of each piece: it may be dropped, repeated, or held back.
    Pieces(fn(&mut Scene, Part, &mut Vec<Part>)),
    /// Of each sample of `/metrics`: its name with labels, and its value. `None` leaves it out.
    Sample(fn(&Scene, &str, f64) -> Option<f64>),
}

impl Edit {
    /// Puts what becomes of a piece into `out`.
    pub(super) fn piece(self, scene: &mut Scene, mut part: Part, out: &mut Vec<Part>) {
        match self {
            Self::Json(change) => {
                if let Some(value) = part.json() {
                    change(scene, value);
                }
                out.push(part);
            }
            Self::Pieces(change) => change(scene, part, out),
            Self::Sample(change) if scene.path.starts_with("/metrics") => out.push(match part {
                Part::Other(text) => Part::Other(samples(scene, &text, change)),
                other => other,
            }),
            Self::Request(_) | Self::Head(_) | Self::Sample(_) => out.push(part),
        }
    }
}

fn samples(scene: &Scene, text: &Bytes, change: fn(&Scene, &str, f64) -> Option<f64>) -> Bytes {
    let text = String::from_utf8_lossy(text);
    let mut changed = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let sample = line.trim_end().rsplit_once(' ').filter(|_| !line.starts_with('#'));
        let Some((name, value)) = sample.and_then(|(name, value)| Some((name, value.parse::<f64>().ok()?))) else {
            changed.push_str(line);
            continue;
        };
        match change(scene, name, value) {
            Some(same) if same.to_bits() == value.to_bits() => changed.push_str(line),
            // Python's way to write a float
            Some(other) => changed.extend([name, " ", &format!("{other:?}"), "\n"]),
            None => {}
        }
    }
    changed.into()
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request(_) => "Request",
            Self::Head(_) => "Head",
            Self::Json(_) => "Json",
            Self::Pieces(_) => "Pieces",
            Self::Sample(_) => "Sample",
        })
    }
}
