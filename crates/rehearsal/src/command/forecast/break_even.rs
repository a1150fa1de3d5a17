//! Where the cheaper of two deployments is no longer the cheaper.

use rehearsal::forecast::{Deployment, Level, Traffic};

use crate::exit::Expected;

/// How far beyond the highest level that was asked a break-even is looked for, as a multiple of it.
const BEYOND: f64 = 8.0;

/// One line about two priced deployments over the levels that were asked and beyond, by the models that are believed most; `None` without prices
/// or with a single level.
pub(super) fn line(
    one: &Deployment,
    other: &Deployment,
    traffic: &Traffic,
    levels: &[Level],
    unit: &str,
) -> Result<Option<String>, Expected> {
    let sorted = |pick: fn(f64, f64) -> bool| {
        levels.iter().copied().reduce(|a, b| if pick(a.amount(), b.amount()) { a } else { b })
    };
    let (Some(low), Some(high)) = (sorted(|a, b| a <= b), sorted(|a, b| b <= a)) else { return Ok(None) };
    if one.price.is_none() || other.price.is_none() || high.amount() <= low.amount() {
        return Ok(None);
    }
    let high = high.with_amount(BEYOND * high.amount());
    let even = one.break_even(other, traffic, (low, high)).map_err(Expected::usage)?;
    // `None` where both cost the same, as machines of one price do that keep up with the same requests
    let cheaper = |level: Level| -> Result<Option<&str>, Expected> {
        let cost = |deployment: &Deployment| {
            Ok::<_, Expected>(deployment.cost(&traffic.at(level)).map_err(Expected::usage)?.unwrap_or(f64::INFINITY))
        };
        let (own, others) = (cost(one)?, cost(other)?);
        let title = if own < others { &one.title } else { &other.title };
        Ok((1e-9 < (own / others - 1.0).abs()).then_some(title.as_str()))
    };
    let (Some(first), Some(last)) = (cheaper(low)?, cheaper(high)?) else { return Ok(None) };
    let (low, high) = (low.amount(), high.amount());
    let Some(even) = even else {
        let dearer = if first == one.title { &other.title } else { &one.title };
        return Ok(Some(format!(
            "  no break-even: {first} has cheaper tokens than {dearer} from {low} to {high} {unit}"
        )));
    };
    let even = number(even);
    Ok(Some(format!("  break-even: {first} has the cheaper tokens below {even} {unit}, {last} from there on")))
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.2}") }
}
