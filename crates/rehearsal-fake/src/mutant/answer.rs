//! An answer that a mutant changes while it leaves.

use std::collections::VecDeque;

use axum::{
    body::{Body, BodyDataStream, to_bytes},
    http::header::{CONTENT_LENGTH, CONTENT_TYPE},
    response::Response,
};
use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, Fuse},
};

use super::{edit::Edit, part::Part, scene::Scene};

/// The answer with the fault in it; a stream stays a stream.
pub(super) async fn spoil(response: Response, edits: &'static [Edit], mut scene: Scene) -> Response {
    let (mut head, body) = response.into_parts();
    scene.status = head.status;
    for edit in edits {
        if let Edit::Head(change) = edit {
            change(&scene, &mut head);
        }
    }
    let kind = head.headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_vec()).unwrap_or_default();
    let mut spoiled = Spoiled { edits, scene };
    if kind.starts_with(b"text/event-stream") {
        // fused: it is asked once more after what was held back to its end
        let state = (spoiled, body.into_data_stream().fuse(), VecDeque::new());
        let body = stream::unfold(state, async |(mut spoiled, mut body, mut ready)| {
            let bytes = next(&mut spoiled, &mut body, &mut ready).await?;
            Some((bytes, (spoiled, body, ready)))
        });
        return Response::from_parts(head, Body::from_stream(body));
    }
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Response::from_parts(head, Body::empty());
    };
    let changed: Vec<u8> = spoiled.pass(&bytes, false).concat();
    if changed != bytes {
        head.headers.remove(CONTENT_LENGTH);
    }
    Response::from_parts(head, Body::from(changed))
}

async fn next(
    spoiled: &mut Spoiled,
    body: &mut Fuse<BodyDataStream>,
    ready: &mut VecDeque<Bytes>,
) -> Option<Result<Bytes, axum::Error>> {
    loop {
        if let Some(bytes) = ready.pop_front() {
            return Some(Ok(bytes));
        }
        match body.next().await {
            Some(Ok(bytes)) => ready.extend(spoiled.pass(&bytes, true)),
            Some(Err(error)) => return Some(Err(error)),
            // what is held back when the stream ends is sent after its end
            None => ready.push_back(spoiled.scene.held.take()?.write()),
        }
    }
}

struct Spoiled {
    edits: &'static [Edit],
    scene: Scene,
}

impl Spoiled {
    /// What becomes of a piece; one that is not changed keeps its bytes.
    fn pass(&mut self, bytes: &Bytes, is_event: bool) -> Vec<Bytes> {
        let right = Part::read(bytes, is_event);
        let mut parts = vec![right.clone()];
        for edit in self.edits {
            for part in std::mem::take(&mut parts) {
                edit.piece(&mut self.scene, part, &mut parts);
            }
        }
        self.scene.events += 1;
        // compared as written: equal objects may have their keys in another order
        let written: Vec<Bytes> = parts.into_iter().map(Part::write).collect();
        if written == [right.write()] {
            return vec![bytes.clone()];
        }
        written
    }
}
