//! File descriptors, of which every connection takes one: looked at before the run, not when it runs out of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::exit::Expected;

/// Descriptors beside those of connections: files, the runtime's own, and connections that are being closed.
const OWN: u64 = 64;

/// Raises the soft limit to the hard one, and refuses a run that needs more. `connections` is `None` where nothing limits
/// them; such a run gets what there is.
pub(super) fn make_room(connections: Option<usize>) -> Result<(), Expected> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // a process may always do this; if it may not, the soft limit is what there is
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
    let Some(allowed) = getrlimit(Resource::Nofile).current else { return Ok(()) };
    let Some(connections) = connections else { return Ok(()) };
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OWN);
    if needed <= allowed {
        return Ok(());
    }
    Err(Expected::usage(format!(
        "{connections} requests in flight need {needed} open files, and this process may have {allowed}; ask for fewer at a \
         time, raise the hard limit (`ulimit -Hn`), or share the load between several machines with --shard"
    )))
}
