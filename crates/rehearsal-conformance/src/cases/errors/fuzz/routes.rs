//! Which routes are asked, and what their bodies may hold.

use std::collections::BTreeSet;

use serde_json::Value;

/// A route, and the members of its body by name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Route {
    pub(super) path: String,
    pub(super) members: Vec<String>,
}

/// The routes that answer and change nothing. Others may put a server to sleep, or load something into it.
const ANSWERING: [&str; 16] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/tokenize",
    "/detokenize",
    "/v1/embeddings",
    "/v1/score",
    "/score",
    "/v1/rerank",
    "/rerank",
    "/v2/rerank",
    "/classify",
    "/pooling",
    "/generative_scoring",
];

/// The routes with a JSON body that are asked, and the paths of the others.
pub(super) fn of(document: &Value) -> (Vec<Route>, Vec<String>) {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let (mut asked, mut left_out) = (Vec::new(), Vec::new());
    for (path, operations) in paths {
        let Some(post) = operations.get("post") else { continue };
        let schema = post.pointer("/requestBody/content/application~1json/schema");
        match schema.filter(|_| ANSWERING.contains(&path.as_str())) {
            Some(schema) => {
                let mut members = BTreeSet::new();
                collect(document, schema, &mut members, 0);
                asked.push(Route { path: path.clone(), members: members.into_iter().collect() });
            }
            None => left_out.push(path.clone()),
        }
    }
    (asked, left_out)
}

/// The members of a schema, through references and alternatives.
fn collect(document: &Value, schema: &Value, members: &mut BTreeSet<String>, depth: usize) {
    // a schema that refers to itself ends here
    if 4 < depth {
        return;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#')) {
        if let Some(schema) = document.pointer(reference) {
            collect(document, schema, members, depth + 1);
        }
        return;
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    members.extend(properties.into_iter().flatten().map(|(name, _)| name.clone()));
    for alternatives in ["anyOf", "oneOf", "allOf"] {
        for schema in schema.get(alternatives).and_then(Value::as_array).into_iter().flatten() {
            collect(document, schema, members, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_route_has_the_members_of_all_its_alternatives() {
        let body = json!({"content": {"application/json": {"schema": {"anyOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]}}}});
        let document = json!({
            "paths": {
                "/tokenize": {"post": {"requestBody": body}},
                "/sleep": {"post": {"requestBody": body}},
                "/health": {"get": {}},
            },
            "components": {"schemas": {
                "A": {"properties": {"prompt": {}, "model": {}}},
                "B": {"properties": {"messages": {}}, "allOf": [{"$ref": "#/components/schemas/B"}]},
            }},
        });
        let (asked, left_out) = of(&document);
        let members = ["messages", "model", "prompt"].map(str::to_owned).to_vec();
        assert_eq!(asked, [Route { path: "/tokenize".into(), members }]);
        assert_eq!(left_out, ["/sleep"]);
    }
}
