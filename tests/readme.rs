//! What README.md shows is what the repository runs.

use std::fs;

fn read(path: &str) -> String {
    fs::read_to_string(path).expect(path)
}

#[test]
fn the_example_in_the_readme_is_the_test_that_runs() {
    let example = read("tests/readme_example.rs");
    assert!(
        read("README.md").contains(&format!("```rust\n{example}```")),
        "README.md shows another example than tests/readme_example.rs"
    );
    assert!(example.lines().count() <= 15);
}
