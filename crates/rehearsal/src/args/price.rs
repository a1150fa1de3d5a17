//! Prices on the command line.

/// More than 0 USD an hour.
pub(super) fn parse_price(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(price) if price.is_finite() && 0.0 < price => Ok(price),
        _ => Err(format!("`{text}` is no price; give more than 0 USD an hour, such as 6.98")),
    }
}
