//! How errors are told, and which of them are the server's own.

use serde::Deserialize;

choices! {
    /// What `error.code` holds.
    ErrorCode {
        /// The HTTP status, a number.
        Status,
        /// A word such as `model_not_found`.
        Name,
    }
    /// Whether `error.param` names the field.
    ErrorParam {
        /// Always null.
        Null,
        /// The field's name where there is one.
        Named,
    }
    /// Whether an unknown model's error lists the known ones.
    ModelAliases {
        /// It does not.
        Hidden,
        /// "Valid aliases: …".
        Listed,
    }
    /// How validation errors are worded.
    PydanticErrors {
        /// With the input quoted as a Python value.
        Quoted,
        /// The message alone.
        Brief,
    }
    /// What a body does that is JSON but no object.
    NonObjectBody {
        /// 500 in plain text.
        Crash,
        /// 400.
        Refused,
    }
    /// What a `response_format` of a JSON schema does without one.
    MissingSchema {
        /// 500 with an empty message.
        Crash,
        /// 400.
        Refused,
    }
    /// Whether the message of a failed rendering repeats its cause.
    ExceptionCause {
        /// After a space, `None` if there is none.
        Appended,
        /// It does not.
        Absent,
    }
    /// How an exception that is nobody's fault but the server's is answered.
    InternalErrors {
        /// By the endpoint: "Internal Server Error", with the headers of every answer.
        Caught,
        /// By the last handler, outside the middleware of CORS: "`InternalServerError`".
        Uncaught,
    }
}
