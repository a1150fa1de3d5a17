//! Faults through the whole server.

use std::time::Duration;

use http::StatusCode;
use rehearsal_fake::{Fault, FaultRule, UsageLie};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::{client, virtual_time::stepping};

const PATH: &str = "/v1/completions";

async fn streamed(fault: Fault) -> client::Answer {
    let fake = stepping(10.0).fault(FaultRule::new(fault).path(PATH)).start_in_memory().expect("the server starts");
    let body = json!({"prompt": [1], "max_tokens": 4, "stream": true, "stream_options": {"include_usage": true}});
    client::post(&fake, PATH, &body).await
}

#[tokio::test(start_paused = true)]
async fn a_status_is_an_error_object_and_generates_nothing() {
    let rule = FaultRule::new(Fault::Status(StatusCode::SERVICE_UNAVAILABLE)).nth(2);
    let fake = stepping(10.0).fault(rule).start_in_memory().unwrap();
    let body = json!({"prompt": [1], "max_tokens": 1});
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(client::post(&fake, PATH, &body).await.status);
    }
    assert_eq!(statuses, [200, 503, 200]);
    assert_eq!(fake.journal().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cut_stream_ends_without_done_and_aborts() {
    let answer = streamed(Fault::Cut { after_events: 2 }).await;
    assert_eq!((answer.status, answer.events.len()), (200, 2));
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_stream_has_no_usage_after_it() {
    let fault =
        Fault::InBandError { after_events: 1, message: "dead".into(), status: StatusCode::INTERNAL_SERVER_ERROR };
    let answer = streamed(fault).await;
    let data: Vec<&str> = answer.events.iter().map(|(_, data)| data.as_str()).collect();
    assert_eq!(data.len(), 3);
    assert!(data[1].contains(r#""message":"dead""#));
    assert_eq!(data[2], "[DONE]");
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_late_by_its_delay_on_each_event() {
    let answer = streamed(Fault::Slow { delay: Duration::from_millis(100) }).await;
    let at: Vec<u128> = answer.events.iter().map(|(at, _)| at.as_millis()).collect();
    // the first token is made after 10 ms; six events, a delay each
    assert_eq!(at, [110, 210, 310, 410, 510, 610]);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_answer_never_comes() {
    let rule = FaultRule::new(Fault::Stall { after_events: 0 });
    let fake = stepping(10.0).fault(rule).start_in_memory().unwrap();
    let hour = Instant::now() + Duration::from_hours(1);
    let body = json!({"prompt": [1], "max_tokens": 1});
    assert!(timeout_at(hour, client::post(&fake, PATH, &body)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn usage_can_lie_in_a_plain_answer_and_in_a_stream() {
    let plain =
        stepping(1.0).fault(FaultRule::new(Fault::WrongUsage(UsageLie::CompletionOff(1)))).start_in_memory().unwrap();
    let answer = client::post(&plain, PATH, &json!({"prompt": [1, 2], "max_tokens": 4})).await.json();
    assert_eq!([&answer["usage"]["completion_tokens"], &answer["usage"]["total_tokens"]], [5, 7]);
    let stream = streamed(Fault::WrongUsage(UsageLie::Twice)).await;
    let usages = stream.chunks().iter().filter(|chunk| chunk["usage"].is_object()).count();
    assert_eq!(usages, 2);
}
