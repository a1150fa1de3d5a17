//! A machine whose memory does not hold the model: what would.

use rehearsal::forecast::{PriceList, Size};

use crate::{args::ForecastArgs, command::setup, exit::Expected};

/// Sizes that are named as a remedy at most.
const MOST_NAMED: usize = 4;

/// The refusal of every configuration on the sizes that were asked for, with the cheapest sizes on which the model would start.
pub(super) fn refusal(args: &ForecastArgs, prices: &PriceList, refused: &[String]) -> Result<Expected, Expected> {
    let mut larger: Vec<(&Size, u32, Option<f64>)> = Vec::new();
    for size in prices.sizes().iter().filter(|size| size.successor.is_none()) {
        if let Some(ranks) = starts_at(args, size)? {
            larger.push((size, ranks, prices.price(size).map(|price| price.per_hour)));
        }
    }
    // sizes without a price last
    larger.sort_by(|a, b| a.2.unwrap_or(f64::INFINITY).total_cmp(&b.2.unwrap_or(f64::INFINITY)));
    let named: Vec<String> =
        larger.iter().take(MOST_NAMED).map(|(size, ranks, _)| format!("{} (TP={ranks})", size.short_name())).collect();
    let remedy = if named.is_empty() {
        "no known size holds it with these flags; take a quantized checkpoint or a shorter --max-model-len".to_owned()
    } else {
        format!("it would start on {}", named.join(", "))
    };
    Ok(Expected::refused(format!("the model starts nowhere on what was asked for: {}; {remedy}", refused.join("; "))))
}

/// The smallest split with which the model starts on a size.
fn starts_at(args: &ForecastArgs, size: &Size) -> Result<Option<u32>, Expected> {
    let Ok(gpu) = size.described_gpu() else { return Ok(None) };
    let link = gpu.link_name.clone();
    let setup = setup::on(&args.setup, gpu, &link)?;
    let splits = (1..=size.whole_gpus()).filter(|ranks| ranks.is_power_of_two());
    for ranks in splits {
        let Ok(belief) = setup.belief(ranks) else { continue };
        let profile = setup.profile(ranks, &belief.coefficients).map_err(Expected::usage)?;
        if profile.start_plan().is_ok() {
            return Ok(Some(ranks));
        }
    }
    Ok(None)
}
