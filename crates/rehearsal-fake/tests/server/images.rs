//! Images over the wire: what they count, and that the prefix cache tells them apart.

use base64::{Engine, engine::general_purpose::STANDARD};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use rehearsal_fake::{FakeVllm, FrontendOptions, multimodal::VisionTower};
use serde_json::{Value, json};

use super::{client, virtual_time::stepping};

const CHAT: &str = "/v1/chat/completions";

fn seeing(max_images: u32) -> FakeVllm {
    let frontend = FrontendOptions::for_model("tiny");
    let tower = VisionTower { max_images, ..VisionTower::qwen2_5_vl() };
    stepping(5.0).frontend(frontend).vision(tower).start_in_memory().expect("the settings are right")
}

fn part(width: u32, height: u32, shade: u8) -> Value {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = RgbImage::from_pixel(width, height, Rgb([shade; 3]));
    DynamicImage::ImageRgb8(image).write_to(&mut bytes, ImageFormat::Png).expect("memory takes all");
    let url = format!("data:image/png;base64,{}", STANDARD.encode(bytes.into_inner()));
    json!({"type": "image_url", "image_url": {"url": url}})
}

fn chat(parts: &[Value]) -> Value {
    json!({"messages": [{"role": "user", "content": parts}], "max_tokens": 1})
}

async fn prompt_tokens(fake: &FakeVllm, parts: &[Value]) -> u64 {
    let answer = client::post(fake, CHAT, &chat(parts)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["usage"]["prompt_tokens"].as_u64().expect("a count")
}

#[tokio::test(start_paused = true)]
async fn a_larger_image_counts_as_many_tokens_more() {
    let fake = seeing(9);
    let small = prompt_tokens(&fake, &[part(56, 56, 1)]).await;
    assert_eq!(prompt_tokens(&fake, &[part(280, 140, 1)]).await, small - 4 + 50);
    assert_eq!(prompt_tokens(&fake, &[part(56, 56, 1), part(56, 56, 2)]).await - small, 4 + placeholder_frame());
}

/// The built-in tokenizer counts bytes: what stands around an image token in a text, and the line feed behind it.
fn placeholder_frame() -> u64 {
    "<|vision_start|><|vision_end|>\n".len() as u64
}

#[tokio::test(start_paused = true)]
async fn the_prefix_cache_tells_images_apart() {
    let fake = seeing(9);
    let hits = async |shade| {
        client::post(&fake, CHAT, &chat(&[part(280, 280, shade)])).await;
        let page = client::send(&fake, "GET", "/metrics", "").await.body;
        let line = page.lines().find(|line| line.starts_with("vllm:prefix_cache_hits_total{")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(hits(1).await, 0.0);
    let text_before_the_image = hits(2).await;
    let whole_prompt = hits(1).await - text_before_the_image;
    assert!(text_before_the_image + 96.0 <= whole_prompt, "{text_before_the_image} {whole_prompt}");
}

#[tokio::test(start_paused = true)]
async fn more_images_than_allowed_are_refused_before_they_are_loaded() {
    let fake = seeing(1);
    let unloadable = json!({"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/a.png"}});
    let answer = client::post(&fake, CHAT, &chat(&[unloadable.clone(), unloadable])).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["message"], "At most 1 image(s) may be provided in one prompt. None");
}
