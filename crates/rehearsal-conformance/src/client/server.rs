//! The played streams over TCP, for clients in other processes.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    ClientCase, Play, Played,
    play::{MODEL, PlayEnd, asks_for_counts},
};
use crate::exchange::SentRequest;

type Body = BoxBody<Bytes, io::Error>;

/// A server on a free port of this machine that plays one case at a time.
#[must_use = "the server stops when it is dropped"]
pub struct PlayedServer {
    address: SocketAddr,
    stage: Arc<Mutex<Stage>>,
    // dropped with the server, and every connection with it
    _accepting: JoinSet<()>,
}

/// What is on.
#[derive(Default)]
struct Stage {
    case: Option<ClientCase>,
    warm_ups: usize,
    played: Vec<Played>,
}

impl std::fmt::Debug for PlayedServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayedServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl PlayedServer {
    /// Listens on a free port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let stage = Arc::new(Mutex::new(Stage::default()));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&stage)));
        Ok(Self { address, stage, _accepting: accepting })
    }

    /// Where it listens, without `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The model that it lists.
    #[must_use]
    pub fn model(&self) -> &'static str {
        MODEL
    }

    /// Plays `case` from now on; the first `warm_ups` requests get a good answer and count for nothing.
    pub fn play(&self, case: &ClientCase, warm_ups: usize) {
        *lock(&self.stage) = Stage { case: Some(case.clone()), warm_ups, played: Vec::new() };
    }

    /// What was played since.
    #[must_use]
    pub fn played(&self) -> Vec<Played> {
        lock(&self.stage).played.clone()
    }
}

fn lock(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, stage: Arc<Mutex<Stage>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&stage)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, stage: Arc<Mutex<Stage>>) {
    // else small writes wait for each other
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let stage = Arc::clone(&stage);
        async move { Ok::<_, Infallible>(answer(request, &stage).await) }
    });
    // a connection that ends badly is what some cases are about
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, stage: &Arc<Mutex<Stage>>) -> Response<Body> {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    match (&head.method, path.trim_start_matches("/v1")) {
        (&Method::POST, "/chat/completions") => {}
        (&Method::GET, "/models") => {
            let model = json!({"id": MODEL, "object": "model", "created": 1_766_400_000, "owned_by": "rehearsal", "max_model_len": 4096});
            return whole(StatusCode::OK, &json!({"object": "list", "data": [model]}));
        }
        (&Method::GET, "/health" | "/ping" | "/") => return whole(StatusCode::OK, &json!({})),
        (&Method::GET, "/version") => return whole(StatusCode::OK, &json!({"version": env!("CARGO_PKG_VERSION")})),
        _ => return refuse(StatusCode::NOT_FOUND, "only chats are played here: POST /v1/chat/completions"),
    }
    let Ok(body) = body.collect().await else { return refuse(StatusCode::BAD_REQUEST, "the request's body is cut") };
    let body: Option<Value> = serde_json::from_slice(&body.to_bytes()).ok();
    if body.as_ref().and_then(|body| body.get("stream")).and_then(Value::as_bool) != Some(true) {
        return refuse(StatusCode::BAD_REQUEST, "only streams are played here: set `stream` to true");
    }
    let counted = asks_for_counts(body.as_ref());
    let sent = SentRequest { method: head.method.to_string(), path, headers: Vec::new(), body };
    let (play, slot) = {
        let mut stage = lock(stage);
        if 0 < stage.warm_ups {
            stage.warm_ups -= 1;
            (Arc::new(Play::good()), None)
        } else {
            let Some(case) = &stage.case else { return refuse(StatusCode::SERVICE_UNAVAILABLE, "no case is on") };
            let slot = stage.played.len();
            let play = case.play(slot);
            stage.played.push(Played { play: Arc::clone(&play), request: sent, written: Vec::new() });
            (play, Some(slot))
        }
    };
    sleep_until(begun + play.headers_at).await;
    played(&play, begun, counted, Journal { stage: Arc::clone(stage), slot })
}

/// Keeps when writes happened.
#[derive(Clone)]
struct Journal {
    stage: Arc<Mutex<Stage>>,
    slot: Option<usize>,
}

impl Journal {
    fn wrote(&self, play: &Arc<Play>, after: Duration) {
        let mut stage = lock(&self.stage);
        // a straggler of an earlier case has lost its place
        if let Some(played) = self.slot.and_then(|slot| stage.played.get_mut(slot))
            && Arc::ptr_eq(&played.play, play)
        {
            played.written.push(after);
        }
    }
}

fn played(play: &Arc<Play>, begun: Instant, counted: bool, journal: Journal) -> Response<Body> {
    let writes = {
        let play = Arc::clone(play);
        stream::iter(0..play.writes.len()).then(move |index| {
            let (play, journal) = (Arc::clone(&play), journal.clone());
            async move {
                let write = &play.writes[index];
                sleep_until(begun + write.at).await;
                journal.wrote(&play, begun.elapsed());
                Ok::<_, io::Error>(Frame::data(Bytes::from(write.text(counted).to_owned())))
            }
        })
    };
    let end = play.end;
    let tail = stream::once(async move {
        match end {
            PlayEnd::Clean(at) => {
                sleep_until(begun + at).await;
                None
            }
            PlayEnd::Reset(at) => {
                sleep_until(begun + at).await;
                Some(Err(io::Error::from(io::ErrorKind::ConnectionReset)))
            }
        }
    });
    let body = StreamBody::new(writes.chain(tail.filter_map(std::future::ready)));
    let status = StatusCode::from_u16(play.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response(status, play.content_type, BodyExt::boxed(body))
}

fn refuse(status: StatusCode, message: &str) -> Response<Body> {
    let error =
        json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": status.as_u16()}});
    whole(status, &error)
}

fn whole(status: StatusCode, body: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {});
    response(status, "application/json", BodyExt::boxed(body))
}

fn response(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}
