//! The schemas of the JSON documents: what they say of values that this crate makes, and that the pages tell of all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;
use trozos::{engine::counters::Counters, model::ClusterStatus, proto::ErrorCode};

use super::{pages::Page, sources::root};

const PAGES: [&str; 2] = ["docs/es/scripts.md", "docs/en/scripts.md"];

fn schemas() -> BTreeMap<String, Value> {
    let files = fs::read_dir(root().join("docs/schema")).unwrap();
    let read = files.map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let schema = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (name, schema)
    });
    read.collect()
}

/// Names of all properties within a schema.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(of)) = map.get("properties") {
                found.extend(of.keys().cloned());
            }
            map.values().for_each(|value| properties(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| properties(value, found)),
        _ => {}
    }
}

/// What an object has by a schema's definition of it.
fn required(schema: &Value, definition: &str) -> BTreeSet<String> {
    let names = schema["$defs"][definition]["required"].as_array().unwrap();
    let names = names.iter().map(|name| name.as_str().unwrap().to_owned());
    names.collect()
}

fn keys(value: impl serde::Serialize) -> BTreeSet<String> {
    let value = serde_json::to_value(value).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn schemas_have_what_values_have() {
    let schemas = schemas();
    let statistics = &schemas["central-statistics.json"];
    assert_eq!(required(statistics, "counters"), keys(Counters::default()));
    let faults = keys(Counters::default().faults);
    assert_eq!(required(statistics, "faults"), faults);
    let orders = &schemas["central-order.json"];
    assert_eq!(
        required(orders, "cluster_status"),
        keys(ClusterStatus::default())
    );
    let codes = &statistics["$defs"]["refused"]["propertyNames"]["enum"];
    let codes: BTreeSet<&str> = codes
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    assert_eq!(codes, ErrorCode::CODES.iter().copied().collect());
}

#[test]
fn schemas_say_the_same_of_the_same() {
    let mut definitions: BTreeMap<String, Value> = BTreeMap::new();
    for (file, schema) in schemas() {
        let dialect = "https://json-schema.org/draft/2020-12/schema";
        assert_eq!(schema["$schema"], dialect, "{file}");
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            let first = definitions
                .entry(name.clone())
                .or_insert_with(|| definition.clone());
            assert_eq!(first, definition, "{file}: {name}");
        }
    }
}

#[test]
fn pages_tell_of_all_fields_and_of_no_others() {
    let schemas = schemas();
    let mut fields = BTreeSet::new();
    schemas
        .values()
        .for_each(|schema| properties(schema, &mut fields));
    assert!(fields.len() > 100, "{fields:?}");
    for path in PAGES {
        let page = Page::read(path);
        let spans: BTreeSet<String> = page.spans().into_iter().collect();
        // `{"client": name}` names a field too.
        let is_told = |field: &&String| {
            let quoted = format!("\"{field}\"");
            spans.contains(*field) || spans.iter().any(|span| span.contains(&quoted))
        };
        let untold: Vec<_> = fields.iter().filter(|field| !is_told(field)).collect();
        assert!(untold.is_empty(), "{path}: {untold:?}");
        let invented: Vec<_> = rows_of_fields(&page)
            .into_iter()
            .filter(|field| !fields.contains(field))
            .collect();
        assert!(invented.is_empty(), "{path}: {invented:?}");
        for name in schemas.keys() {
            let link = format!("](../schema/{name})");
            assert!(page.text.contains(&link), "{path}: no link to {name}");
        }
    }
}

/// The first cells of the tables of fields.
fn rows_of_fields(page: &Page) -> Vec<String> {
    let mut is_open = false;
    let mut fields = Vec::new();
    for line in page.prose() {
        let first = line
            .strip_prefix("| ")
            .and_then(|rest| rest.split(" |").next());
        is_open = match first {
            Some("field" | "campo") => true,
            Some(_) => is_open,
            None => false,
        };
        if let Some(cell) = first.filter(|_| is_open) {
            fields.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    assert!(fields.len() > 50, "{}", page.path);
    fields
}
