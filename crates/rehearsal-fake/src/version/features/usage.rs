//! How requests ask for `usage`, and how it is told.

use serde::Deserialize;

choices! {
    /// What `stream_options: {}` asks for.
    EmptyStreamOptions {
        /// A usage chunk: `include_usage` is true by default.
        Include,
        /// Nothing.
        Exclude,
    }
    /// What `--enable-force-include-usage` does to a stream.
    ForceIncludeUsage {
        /// A final usage chunk; continuous usage only when asked for.
        Final,
        /// Usage on every chunk and a final usage chunk, whatever the request says.
        Continuous,
        /// The server does not start with the flag.
        Refused,
    }
    /// What a completion chunk without usage carries under that key.
    ChunkUsage {
        /// `"usage":null`.
        Null,
        /// No such key.
        Absent,
    }
    /// How a cached count of zero is written when prompt token details are enabled.
    ZeroCachedTokens {
        /// The details are null, or left out of a stream.
        Null,
        /// `{"cached_tokens":0}`.
        Zero,
    }
}
