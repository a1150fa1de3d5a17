//! The sweep as text for people.

use std::fmt::Write;

use rehearsal::forecast::Band;

use super::{
    choice::recommendation,
    offers::Offer,
    sweep::{Outlook, Published},
};

/// Why it comes out as it does, for this model and machine.
const REASON: [&str; 3] = [
    "  Reason: a second GPU makes each step of the same users shorter, but by less than what it costs more; two replicas halve the batch",
    "  and stream the weights twice. Replicas pay once there are twice as many users as one GPU serves well: the cost of a replica's tokens",
    "  above is for twice the users of the other columns.",
];

/// Throughput, cost, prices, and what is not known.
pub(super) fn text(outlook: &Outlook) -> String {
    let mut text = String::from(
        "\nOutput tokens per second at c requests at a time, 89 tokens in, 256 out; in brackets what two models span that both give the report\n\
         at c = 16: the kernel table (scenario B, the figure before the brackets) and the roofline (scenario A). All but c = 16 is a forecast.\n\n",
    );
    throughput(&mut text, outlook);
    costs(&mut text, outlook);
    choices(&mut text, outlook);
    text.truncate(text.trim_end().len());
    text
}

fn throughput(text: &mut String, outlook: &Outlook) {
    // writing to a String cannot fail
    let _ = write!(text, "{:>14}", "c");
    for sweep in &outlook.sweeps {
        let _ = write!(text, "{:>28}", format!("TP={}", sweep.tensor_parallel));
    }
    let _ = writeln!(text, "{:>14}", "TP=2 / TP=1");
    let [one, two] = outlook.sweeps.as_slice() else { return };
    for (one, two) in one.points.iter().zip(&two.points) {
        let (tp1, tp2) = (one.output_tps, two.output_tps);
        let gain = tp2.likely / tp1.likely;
        let _ = writeln!(text, "{:>14}{:>28}{:>28}{gain:>14.2}", one.concurrency, band(tp1, 1), band(tp2, 1));
    }
    if let [one, two] = outlook.published.as_slice() {
        let gain = two.output_tps / one.output_tps;
        let _ = writeln!(text, "{:>14}{:>28.1}{:>28.1}{gain:>14.2}", measured_at(*one), one.output_tps, two.output_tps);
    }
}

fn costs(text: &mut String, outlook: &Outlook) {
    let offers = &outlook.offers.offers;
    let currency = offers.iter().find_map(|offer| Some(offer.price.as_ref()?.currency.as_str()));
    let _ = writeln!(
        text,
        "\n{} per million output tokens at c requests at a time for each engine; two replicas serve twice as many.\n",
        currency.unwrap_or("Cost")
    );
    let _ = write!(text, "{:>14}", "c each");
    for offer in offers {
        let _ = write!(text, "{:>28}", offer.title());
    }
    text.push('\n');
    let points = outlook.sweeps.first().map_or(0, |sweep| sweep.points.len());
    for index in 0..points {
        let _ = write!(text, "{:>14}", outlook.sweeps[0].points[index].concurrency);
        for offer in offers {
            let point = offer.sweep(&outlook.sweeps).and_then(|sweep| sweep.points.get(index));
            let cost = point.and_then(|point| offer.band_per_million(point.output_tps));
            let _ = write!(text, "{:>28}", cost.map_or_else(|| "no price".to_owned(), |cost| band(cost, 2)));
        }
        text.push('\n');
    }
    if let Some(published) = outlook.published.first() {
        let _ = write!(text, "{:>14}", measured_at(*published));
        for offer in offers {
            let cost = outlook.published(offer.tensor_parallel).and_then(|p| offer.per_million(p.output_tps));
            let _ = write!(text, "{:>28}", cost.map_or_else(|| "no price".to_owned(), |cost| format!("{cost:.2}")));
        }
        text.push('\n');
    }
    prices(text, offers);
    if let Some(withdrawal) = &outlook.offers.withdrawal {
        let _ = writeln!(text, "The report's size {withdrawal}.");
    }
}

/// The same users on each offer, and what that means.
fn choices(text: &mut String, outlook: &Outlook) {
    let offers = &outlook.offers.offers;
    if outlook.choices.is_empty() {
        return;
    }
    text.push_str("\nThe same users at once on each: output tokens per second / milliseconds a token / cost of a million tokens\n\n");
    let _ = write!(text, "{:>14}", "users");
    for offer in offers {
        let _ = write!(text, "{:>28}", offer.title());
    }
    text.push('\n');
    for choice in &outlook.choices {
        let _ = write!(text, "{:>14}", choice.level);
        for option in &choice.options {
            let tpot = option.tpot_ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
            let cost = option.cost.map_or_else(|| "-".to_owned(), |cost| format!("{:.2}", cost.likely));
            let _ = write!(text, "{:>28}", format!("{:.1} / {tpot} / {cost}", option.output_tps.likely));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "\n{}", recommendation("users", &outlook.choices, &outlook.titles()).join("\n"));
    for line in outlook.break_even.iter().map(String::as_str).chain(REASON) {
        let _ = writeln!(text, "{line}");
    }
}

fn prices(text: &mut String, offers: &[Offer]) {
    text.push('\n');
    let mut told: Vec<&str> = Vec::new();
    for offer in offers {
        let name = offer.size.name.as_str();
        if told.contains(&name) {
            continue;
        }
        told.push(name);
        let price = offer.price.as_ref().map_or_else(
            || format!("no price in this currency; give one with --price {}=AMOUNT", offer.size.short_name()),
            ToString::to_string,
        );
        let _ = writeln!(text, "{name}: {price}");
    }
}

/// The label of a measured row.
fn measured_at(published: Published) -> String {
    format!("{}, measured", published.concurrency)
}

pub(super) fn band(band: Band, digits: usize) -> String {
    format!("{:.digits$} ({:.digits$} to {:.digits$})", band.likely, band.low, band.high)
}
