//! A report in the forms that other programs and people read: `JUnit` for build servers, Markdown for a repository, one HTML
//! page for a browser.

mod html;
mod junit;
mod markdown;

pub use html::to_html;
