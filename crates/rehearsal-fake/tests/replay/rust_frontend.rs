//! What the Rust frontend writes in any order, put in order.

/// The same text with the parameters of broken rules sorted, and with ids that the server made up left out of messages.
pub(crate) fn in_order(body: &str) -> String {
    without_ids(&sorted_parameters(&sorted_parameters(body, "range"), "length"))
}

/// As `range [{\"value\": Number(0), \"min\": Number(1)}]`: the entries of a hash map, in JSON.
fn sorted_parameters(body: &str, rule: &str) -> String {
    let opens = format!("Validation error: {rule} [{{");
    let mut out = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once(opens.as_str())
        && let Some((parameters, after)) = after.split_once("}]")
    {
        let mut parameters: Vec<&str> = parameters.split(", ").collect();
        parameters.sort_unstable();
        out.push_str(before);
        out.push_str(&opens);
        out.push_str(&parameters.join(", "));
        out.push_str("}]");
        rest = after;
    }
    out + rest
}

/// `` request `cmpl-0123abcd` ``.
fn without_ids(body: &str) -> String {
    let mut out = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once(" request `")
        && let Some((_, after)) = after.split_once('`')
    {
        out.push_str(before);
        out.push_str(" request `…`");
        rest = after;
    }
    out + rest
}
