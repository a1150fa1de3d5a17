//! What the server does whatever the endpoint: headers, routes, start and end.

use serde::Deserialize;

choices! {
    /// The headers of every answer.
    HeaderStyle {
        /// `server: uvicorn`, `vary: Origin`, a charset on event streams.
        Uvicorn,
        /// No server header; `cache-control: no-cache` on event streams.
        Hyper,
    }
    /// Whether the request header `endpoint-load-metrics-format` is answered.
    LoadReport {
        /// It is not.
        Absent,
        /// By `endpoint-load-metrics`, in answers that are no stream.
        Header,
    }
    /// Which origins may read answers by default.
    CrossOrigin {
        /// All.
        Any,
        /// None.
        None,
    }
    /// Whether requests are refused when too many are in flight.
    QueueLimits {
        /// There are no such flags.
        Absent,
        /// With `--max-num-queued-reqs` and `--max-num-queued-tokens`.
        Served,
    }
    /// Whether routes between servers answer without `--enable-scale-out`.
    ScaleOutRoutes {
        /// They do; there is no such flag.
        Open,
        /// They are absent.
        Absent,
        /// 403.
        Refused,
    }
    /// What becomes of open requests when the process is told to stop.
    Termination {
        /// No byte comes any more; connections stay open until their clients leave.
        Hang,
        /// They end at once with `finish_reason` `abort`.
        Abort,
        /// Connections are cut.
        Cut,
    }
    /// How start-up words its lines.
    StartupLog {
        /// KV tokens and maximum concurrency on a line each; the tokens are those of whole blocks.
        Separate,
        /// Both on one line; the tokens are the concurrency times the context.
        Joined,
    }
}
