//! The descriptions of the APIs, compared with their routes and with what is answered.

#[path = "../../../tests/support/schema.rs"]
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::schema::wrong;
use super::{Route, central, secondary};

fn documents() -> [(Value, BTreeMap<String, BTreeSet<String>>); 2] {
    let central: Value = serde_json::from_str(include_str!("central.json")).unwrap();
    let secondary: Value = serde_json::from_str(include_str!("secondary.json")).unwrap();
    [
        (central, table(&central::routes())),
        (secondary, table(&secondary::routes())),
    ]
}

/// Methods by path, as a description has them.
fn table<S>(routes: &[Route<S>]) -> BTreeMap<String, BTreeSet<String>> {
    let row = |route: &Route<S>| {
        let methods = route.methods.iter().map(|method| method.to_lowercase());
        (route.path.replace("{*", "{"), methods.collect())
    };
    routes.iter().map(row).collect()
}

#[test]
fn every_route_is_described_and_every_description_has_a_route() {
    for (document, routes) in documents() {
        let paths = document["paths"].as_object().unwrap();
        let described = paths.iter().map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().cloned();
            (path.clone(), methods.collect())
        });
        let described: BTreeMap<String, BTreeSet<String>> = described.collect();
        assert_eq!(described, routes);
    }
}

#[test]
fn orders_need_the_administrator_and_say_what_may_go_wrong() {
    for (document, _) in documents() {
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let codes = operation["responses"].as_object().unwrap();
                let placeholders = path.matches('{').count();
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let in_path = parameters.filter(|parameter| parameter["in"] == "path");
                assert_eq!(in_path.count(), placeholders, "{method} {path}");
                if method != "get" {
                    for code in ["401", "403", "415"] {
                        assert!(codes.contains_key(code), "{method} {path}: {code}");
                    }
                    assert!(operation["security"].is_array(), "{method} {path}");
                    let body = &operation["requestBody"]["content"]["application/json"];
                    let fault = wrong(&body["example"], &body["schema"], &document, path);
                    assert_eq!(fault, None);
                }
            }
        }
    }
}

#[test]
fn examples_are_what_their_schemas_say() {
    let mut checked = 0;
    for (document, _) in documents() {
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let content = operation["responses"]["200"]["content"].as_object();
                for answer in content.unwrap().values() {
                    if let Some(example) = answer.get("example") {
                        let fault = wrong(example, &answer["schema"], &document, path);
                        assert_eq!(fault, None);
                        checked += 1;
                    }
                }
            }
        }
    }
    assert!(checked > 15, "{checked}");
}

/// The types of the program read the examples of what the orders of the command line print too.
#[test]
fn examples_are_what_the_programs_say() {
    let [(document, _), _] = documents();
    for (path, method) in [
        ("/api/v1/status", "get"),
        ("/api/v1/secondaries", "get"),
        ("/api/v1/secondaries/{number}/drain", "post"),
        ("/api/v1/centrals", "get"),
        ("/api/v1/centrals/migrate", "post"),
        ("/api/v1/clients", "get"),
        ("/api/v1/clients/{name}/expel", "post"),
        ("/api/v1/conflicts", "get"),
        ("/api/v1/conflicts/resolve", "post"),
        ("/api/v1/info", "get"),
        ("/api/v1/figures/{name}", "post"),
    ] {
        let answer = &document["paths"][path][method]["responses"]["200"];
        let example = &answer["content"]["application/json"]["example"];
        let read = serde_json::from_value::<crate::node::central::CentralAnswer>(example.clone());
        assert_eq!(json!(read.unwrap()), *example, "{path}");
    }
}

/// What both a schema of the documentation and a description define is the same.
#[test]
fn definitions_are_those_of_the_documentation() {
    let schemas: [Value; 2] = [
        serde_json::from_str(include_str!("../../../docs/schema/central-order.json")).unwrap(),
        serde_json::from_str(include_str!("../../../docs/schema/secondary-order.json")).unwrap(),
    ];
    for ((document, _), schema) in documents().into_iter().zip(schemas) {
        let own = document["components"]["schemas"].as_object().unwrap();
        let known = schema["$defs"].as_object().unwrap();
        let mut same = 0;
        for (name, definition) in own {
            let Some(expected) = known.get(name) else {
                continue;
            };
            let text = definition
                .to_string()
                .replace("#/components/schemas/", "#/$defs/");
            assert_eq!(text, expected.to_string(), "{name}");
            same += 1;
        }
        assert!(same > 5, "{same}");
    }
}

#[test]
fn schemas_that_do_not_fit_are_noticed() {
    let document = json!({"components": {"schemas": {"n": {"type": "integer", "minimum": 1}}}});
    let schema = json!({
        "type": "object",
        "properties": {"a": {"$ref": "#/components/schemas/n"}, "b": {"enum": ["x", null]}},
        "required": ["a"],
        "additionalProperties": false
    });
    for (value, fits) in [
        (json!({"a": 1}), true),
        (json!({"a": 1, "b": null}), true),
        (json!({"a": 0}), false),
        (json!({"a": "1"}), false),
        (json!({"b": "x"}), false),
        (json!({"a": 1, "b": "y"}), false),
        (json!({"a": 1, "c": 1}), false),
        (json!([]), false),
    ] {
        assert_eq!(
            wrong(&value, &schema, &document, "").is_none(),
            fits,
            "{value}"
        );
    }
}
