//! How messages and prompts are read.

use serde::Deserialize;

choices! {
    /// How values of another JSON type are taken.
    Coercion {
        /// As pydantic does: `"yes"` is true, `4.0` and `"4"` are 4.
        Lax,
        /// Refused.
        Strict,
    }
    /// What messages that are no list are told.
    NullMessages {
        /// That they are no list.
        NoList,
        /// That Python cannot walk over them, if it cannot.
        NotIterable,
    }
    /// Under which name a model without images is said to be one.
    TextModelName {
        /// Its path or repository.
        Root,
        /// The first served name.
        Served,
    }
    /// What becomes of the developer's messages when the template does not know that role.
    DeveloperRole {
        /// Nothing.
        Kept,
        /// They are the system's, and all of the system's come first, as one.
        System,
    }
    /// What `suffix` is told by a model that does not fill in the middle.
    Suffix {
        /// That nobody takes it.
        Unsupported,
        /// That other models take it.
        FillInTheMiddle,
    }
    /// Which end of a prompt `truncate_prompt_tokens` cuts off.
    TruncationSide {
        /// The beginning.
        Left,
        /// The one that `truncation_side` names.
        Asked,
    }
    /// What `truncate_prompt_tokens: -1` keeps.
    WholeTruncation {
        /// What the context holds.
        Context,
        /// One token less, unless nothing is to be generated.
        OneLeft,
    }
    /// What a negative token id does.
    NegativeIds {
        /// The tokenizer fails on it.
        Overflow,
        /// Validation refuses it.
        Refused,
    }
    /// What a prompt with a token id below zero does.
    NegativeTokenIds {
        /// It reaches the model and kills the engine.
        Fatal,
        /// 400.
        Refused,
    }
    /// Who turns images into tokens.
    ImageProcessing {
        /// The engine's processor, after the request was measured by its text; `/tokenize` does not see images.
        Engine,
        /// The frontend's renderer, before anything is measured; its failures to load an image are bad requests.
        Frontend,
    }
    /// What `mm_processor_kwargs` of a request do.
    RequestMmKwargs {
        /// They are passed on.
        Honoured,
        /// 400 without `--trust-request-mm-kwargs`.
        Refused,
    }
}
