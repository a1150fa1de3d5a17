//! Images of a chat: found in its messages, loaded, and put into the prompt as many tokens as each becomes.

use serde_json::{Map, Value};
use xxhash_rust::xxh3::Xxh3;

use super::{
    context::Context,
    error::ApiError,
    options::MmKwargs,
    python::{python_type, repr},
};
use crate::{
    engine::ContentKey,
    multimodal::{ImageError, Picture, PixelBounds, SourceError, VisionTower, fetch},
    version::{ImageProcessing, RequestMmKwargs},
};

/// An image as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    /// `None` when it is to be known by its `uuid`.
    url: Option<String>,
    uuid: Option<String>,
}

/// The images of one request, loaded.
#[derive(Clone, Debug, Default)]
pub(super) struct Images {
    loaded: Vec<(Option<Picture>, Option<String>)>,
    kwargs: Map<String, Value>,
}

/// The prompt with its images in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    pub(super) tokens: Vec<u32>,
    /// What the image tokens stand for, for the prefix cache.
    pub(super) keys: Vec<ContentKey>,
}

/// The images of a conversation, in order, as far as vLLM looks at them before it renders the prompt: types and limits.
#[derive(Clone, Debug)]
pub(super) struct AskedImages(Vec<Asked>);

impl AskedImages {
    /// Reads the parts of all messages; `None` where there is nothing that sees.
    pub(super) fn read(context: &Context, messages: &Value) -> Result<Option<Self>, ApiError> {
        let Some(tower) = &context.app.vision else { return Ok(None) };
        let parts = messages.as_array().into_iter().flatten().filter_map(|message| message.get("content")?.as_array());
        let mut asked = Vec::new();
        for part in parts.flatten().filter_map(Value::as_object) {
            let Some(kind) = part.get("type").and_then(Value::as_str) else {
                if part.contains_key("image_url") {
                    asked.push(image(context, part)?);
                }
                continue;
            };
            match kind {
                "image_url" | "input_image" => asked.push(image(context, part)?),
                // this tower neither hears nor watches
                "input_audio" | "audio_url" => return Err(too_many(context, "audio", 0)),
                "video_url" => return Err(too_many(context, "video", 0)),
                _ => {}
            }
            if usize::try_from(tower.max_images).is_ok_and(|max| max < asked.len()) {
                return Err(too_many(context, "image", tower.max_images));
            }
        }
        Ok(Some(Self(asked)))
    }

    /// Loads them.
    pub(super) fn load(self, context: &Context, kwargs: Option<&Map<String, Value>>) -> Result<Images, ApiError> {
        let mut loaded = Vec::with_capacity(self.0.len());
        for Asked { url, uuid } in self.0 {
            let picture = url.map(|url| picture(context, &url)).transpose()?;
            loaded.push((picture, uuid));
        }
        // what the request says of the processing goes before what the server says, key by key (`merge_mm_kwargs`)
        let mut merged = context.app.frontend.mm_processor_kwargs.clone();
        merged.extend(kwargs.cloned().unwrap_or_default());
        Ok(Images { loaded, kwargs: merged })
    }
}

/// Refuses `mm_processor_kwargs` where clients are not trusted with them.
pub(super) fn check_kwargs(context: &Context, kwargs: Option<&Map<String, Value>>) -> Result<(), ApiError> {
    let trusted = context.app.frontend.request_mm_kwargs == MmKwargs::Trusted;
    if kwargs.is_none() || trusted || context.features().request_mm_kwargs == RequestMmKwargs::Honoured {
        return Ok(());
    }
    Err(ApiError::bad_field(
        "mm_processor_kwargs",
        "Per-request mm_processor_kwargs are disabled by default because they can change multimodal preprocessing resource usage. Start \
         the server with --trust-request-mm-kwargs only when clients are trusted. (parameter=mm_processor_kwargs)",
    ))
}

impl Images {
    /// The prompt with each image's token repeated as often as its size asks for. Counts for the metrics which images were known.
    pub(super) fn place(&self, context: &Context, tokens: Vec<u32>) -> Result<Placed, ApiError> {
        let Some(tower) = context.app.vision.as_ref().filter(|_| !self.loaded.is_empty()) else {
            return Ok(Placed { tokens, keys: Vec::new() });
        };
        let mut counts = Vec::with_capacity(self.loaded.len());
        let mut known = 0;
        for (index, (picture, uuid)) in self.loaded.iter().enumerate() {
            let (key, count) = self.counted(context, tower, index, picture.as_ref(), uuid.as_deref())?;
            known += u64::from(context.images.touch(key, count));
            counts.push((key, count));
        }
        context.app.metrics.images_processed(counts.len() as u64, known);
        Ok(expanded(&tokens, &context.app.tokenizer.encode(&tower.image_token), &counts))
    }

    /// Key and tokens of one image.
    fn counted(
        &self,
        context: &Context,
        tower: &VisionTower,
        index: usize,
        picture: Option<&Picture>,
        uuid: Option<&str>,
    ) -> Result<(u128, u32), ApiError> {
        let key = self.key(picture, uuid);
        let Some(picture) = picture else {
            let missing = || ApiError::bad_request(missing(context, index, uuid));
            return context.images.tokens(key).map(|tokens| (key, tokens)).ok_or_else(missing);
        };
        let tokens = tower.tokens(picture.width, picture.height, self.bounds(tower));
        tokens.map(|tokens| (key, tokens)).map_err(|error| ApiError::bad_request(error.to_string()))
    }

    /// By what an image is known again: the client's own name for it, or its pixels; and how it is processed.
    fn key(&self, picture: Option<&Picture>, uuid: Option<&str>) -> u128 {
        let mut hash = Xxh3::new();
        match (uuid, picture) {
            (Some(uuid), _) => hash.update(uuid.as_bytes()),
            (None, Some(picture)) => hash.update(&picture.fingerprint.to_le_bytes()),
            (None, None) => {}
        }
        if !self.kwargs.is_empty() {
            hash.update(Value::Object(self.kwargs.clone()).to_string().as_bytes());
        }
        hash.digest128()
    }

    /// The bounds that the request sets, under either of the processor's names for them, or the tower's.
    fn bounds(&self, tower: &VisionTower) -> PixelBounds {
        let size = self.kwargs.get("size");
        let pixels = |key: &str, edge: &str| {
            let value = self.kwargs.get(key).or_else(|| size?.get(edge))?;
            value.as_u64().filter(|pixels| 0 < *pixels)
        };
        PixelBounds {
            min_pixels: pixels("min_pixels", "shortest_edge").unwrap_or(tower.bounds.min_pixels),
            max_pixels: pixels("max_pixels", "longest_edge").unwrap_or(tower.bounds.max_pixels),
        }
    }
}

/// What is said of an image without data that is not known either.
fn missing(context: &Context, index: usize, uuid: Option<&str>) -> String {
    match (context.features().image_processing, uuid) {
        (ImageProcessing::Frontend, None) => {
            format!("multi_modal_data['image'][{index}] is empty but multi_modal_uuids['image'][{index}] is missing.")
        }
        _ => format!("Cache miss for image at index {index} but data is not provided."),
    }
}

/// Refuses a prompt that its images make too long, in the words of whoever measures it.
pub(super) fn check_length(context: &Context, placed: &Placed) -> Result<(), ApiError> {
    let (length, limit) = (placed.tokens.len(), context.app.max_model_len);
    if placed.keys.is_empty() || usize::try_from(limit).is_ok_and(|limit| length <= limit) {
        return Ok(());
    }
    Err(ApiError::bad_request(match context.features().image_processing {
        ImageProcessing::Engine => format!(
            "The decoder prompt (length {length}) is longer than the maximum model length of {limit}. Make sure that `max_model_len` is no \
             smaller than the number of text tokens plus multimodal tokens. For image inputs, the number of image tokens depends on the \
             number of images, and possibly their aspect ratios as well."
        ),
        ImageProcessing::Frontend => {
            format!("Input length ({length}) exceeds model's maximum context length ({limit}).")
        }
    }))
}

/// Each occurrence of `pad` in the prompt, in order, becomes as many of it as its image has tokens.
fn expanded(tokens: &[u32], pad: &[u32], counts: &[(u128, u32)]) -> Placed {
    let Some(first) = pad.first() else { return Placed { tokens: tokens.to_vec(), keys: Vec::new() } };
    let mut placed = Placed::default();
    let mut counts = counts.iter();
    let mut rest = tokens;
    while let Some(token) = rest.first() {
        if let Some((key, count)) = rest.starts_with(pad).then(|| counts.next()).flatten() {
            let from = u32::try_from(placed.tokens.len()).unwrap_or(u32::MAX);
            placed.tokens.extend(std::iter::repeat_n(*first, *count as usize));
            placed.keys.push(ContentKey { from, to: from.saturating_add(*count), key: *key });
            rest = rest.get(pad.len()..).unwrap_or_default();
        } else {
            placed.tokens.push(*token);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    placed
}

/// One image's part, as `ChatCompletionContentPartImageParam` takes it.
fn image(context: &Context, part: &Map<String, Value>) -> Result<Asked, ApiError> {
    let uuid = part.get("uuid").and_then(Value::as_str).map(str::to_owned);
    let given = part.get("image_url").unwrap_or(&Value::Null);
    // a part with a name of its own, or without a type, is not validated
    let lax = uuid.is_some() || !part.contains_key("type");
    let url = match given {
        Value::Null if lax => None,
        Value::String(url) if lax => Some(url.clone()),
        Value::Object(inner) => match inner.get("url") {
            Some(Value::String(url)) => Some(url.clone()),
            _ if lax => None,
            Some(other) => {
                return Err(unfit(context, "image_url.url", "string_type", "Input should be a valid string", other));
            }
            None => return Err(unfit(context, "image_url.url", "missing", "Field required", given)),
        },
        Value::Null if !part.contains_key("image_url") => {
            let part = Value::Object(part.clone());
            return Err(unfit(context, "image_url", "missing", "Field required", &part));
        }
        other => return Err(unfit(context, "image_url", "dict_type", "Input should be a valid dictionary", other)),
    };
    Ok(Asked { url: url.filter(|url| !url.is_empty()), uuid })
}

/// pydantic's error, raised inside the server, not by its validation of the body.
fn unfit(context: &Context, place: &str, kind: &str, message: &str, input: &Value) -> ApiError {
    let text = format!(
        "1 validation error for ChatCompletionContentPartImageParam\n{place}\n  {message} [type={kind}, input_value={}, \
         input_type={}]\n    For further information visit https://errors.pydantic.dev/2.14/v/{kind}",
        repr(input),
        python_type(input)
    );
    ApiError::bad_request(with_cause(context, &text, None))
}

fn too_many(context: &Context, modality: &str, max: u32) -> ApiError {
    let message = format!("At most {max} {modality}(s) may be provided in one prompt.");
    match context.features().image_processing {
        ImageProcessing::Engine => ApiError::bad_request(with_cause(context, &message, None)),
        ImageProcessing::Frontend => ApiError::bad_field(modality, format!("{message} (parameter={modality})")),
    }
}

/// The pixels behind a URL.
fn picture(context: &Context, url: &str) -> Result<Picture, ApiError> {
    let engine = context.features().image_processing == ImageProcessing::Engine;
    let bytes = fetch(url, context.app.frontend.allowed_local_media_path.as_deref()).map_err(|error| {
        let text = error.to_string();
        match error {
            SourceError::Value(_) => ApiError::bad_request(with_cause(context, &text, None)),
            SourceError::Refused(_) | SourceError::NotImplemented(_) if engine => {
                ApiError::bad_request(with_cause(context, &text, None))
            }
            SourceError::NotImplemented(_) => ApiError::not_implemented(text),
            SourceError::Refused(_) | SourceError::Unreachable(_) => ApiError::internal(text),
        }
    })?;
    Picture::decode(&bytes).map_err(|error| match error {
        ImageError::Unidentified if engine => {
            let text = format!("{error} <_io.BytesIO object at 0x7f0000000000>");
            ApiError::bad_request(with_cause(context, &text, Some(&text)))
        }
        ImageError::Truncated if engine => ApiError::internal(error.to_string()),
        ImageError::Unidentified => {
            ApiError::bad_request(format!("Failed to load image: {error} <_io.BytesIO object>"))
        }
        ImageError::Truncated => ApiError::bad_request(format!("Failed to load image: {error}")),
    })
}

/// Old versions append an exception's cause, absent ones too (`serving_chat.py`, `f"{e} {e.__cause__}"`).
fn with_cause(context: &Context, text: &str, cause: Option<&str>) -> String {
    match context.features().image_processing {
        ImageProcessing::Engine => format!("{text} {}", cause.unwrap_or("None")),
        ImageProcessing::Frontend => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_placeholder_becomes_the_tokens_of_its_image() {
        let placed = expanded(&[1, 9, 2, 9, 3, 9], &[9], &[(10, 3), (20, 1)]);
        assert_eq!(placed.tokens, [1, 9, 9, 9, 2, 9, 3, 9]);
        assert_eq!(placed.keys, [ContentKey { from: 1, to: 4, key: 10 }, ContentKey { from: 5, to: 6, key: 20 }]);
    }

    #[test]
    fn a_placeholder_of_several_tokens_is_replaced_as_a_whole() {
        let placed = expanded(&[1, 8, 9, 2], &[8, 9], &[(10, 2)]);
        assert_eq!(placed.tokens, [1, 8, 8, 2]);
    }
}
