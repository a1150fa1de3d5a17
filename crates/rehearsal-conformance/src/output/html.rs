//! One HTML page that needs nothing else: a matrix of cases and servers, and the exchanges behind each cell.

use crate::report::SuiteReport;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Reports of one or more servers as a page: cases × servers, filter and search, and behind each cell what was looked at, what was sent
/// and what came back.
#[must_use]
pub fn to_html(reports: &[SuiteReport]) -> String {
    let data = serde_json::to_string(reports).unwrap_or_else(|_| "[]".to_owned());
    // a `<` could end the script element that holds the data; as an escape it is the same JSON
    let data = data.replace('<', "\\u003c");
    PAGE.replace("/*STYLE*/", STYLE).replace("/*SCRIPT*/", SCRIPT).replace("/*DATA*/", &data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_no_other_address() {
        let page = to_html(&[]);
        for outside in ["http://", "https://", "<link", "<img", "@import", "url("] {
            assert!(!page.contains(outside), "the page holds `{outside}`");
        }
    }

    #[test]
    fn the_parts_are_put_in() {
        let page = to_html(&[]);
        assert!(page.contains("[]") && !page.contains("/*DATA*/") && !page.contains("/*SCRIPT*/"));
    }
}
