//! Whether values are what a schema says: as much of JSON Schema as the descriptions of the APIs use.

use serde_json::Value;

/// What is wrong with a value by a schema, as far as these descriptions need.
pub(crate) fn wrong(value: &Value, schema: &Value, document: &Value, at: &str) -> Option<String> {
    if let Some(of) = schema.get("$ref") {
        let pointer = of.as_str().unwrap().trim_start_matches('#');
        let target = document.pointer(pointer);
        return wrong(
            value,
            target.unwrap_or_else(|| panic!("{of}")),
            document,
            at,
        );
    }
    let no = |why: String| Some(format!("{at}: {why}: {value}"));
    if let Some(expected) = schema.get("const")
        && expected != value
    {
        return no(format!("not {expected}"));
    }
    if let Some(Value::Array(all)) = schema.get("enum")
        && !all.contains(value)
    {
        return no(format!("none of {all:?}"));
    }
    for (key, least, most) in [("oneOf", 1, 1), ("anyOf", 1, usize::MAX)] {
        if let Some(Value::Array(all)) = schema.get(key) {
            let fits = all
                .iter()
                .filter(|schema| wrong(value, schema, document, at).is_none());
            let fits = fits.count();
            if fits < least || fits > most {
                return no(format!("{fits} of {key}"));
            }
        }
    }
    if let Some(kinds) = schema.get("type")
        && !is_of(value, kinds)
    {
        return no(format!("no {kinds}"));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_f64(), value.as_f64())
        && number < least
    {
        return no(format!("less than {least}"));
    }
    if let (Some(most), Some(number)) = (schema["maximum"].as_f64(), value.as_f64())
        && number > most
    {
        return no(format!("more than {most}"));
    }
    match value {
        Value::Array(rows) => rows.iter().enumerate().find_map(|(row, value)| {
            let of = schema.get("items")?;
            wrong(value, of, document, &format!("{at}[{row}]"))
        }),
        Value::Object(members) => {
            let required = schema["required"].as_array().into_iter().flatten();
            for name in required.filter_map(Value::as_str) {
                if !members.contains_key(name) {
                    return no(format!("no {name}"));
                }
            }
            members.iter().find_map(|(name, value)| {
                let at = format!("{at}.{name}");
                match (
                    schema["properties"].get(name),
                    &schema["additionalProperties"],
                ) {
                    (Some(of), _) => wrong(value, of, document, &at),
                    (None, Value::Bool(false)) => Some(format!("{at}: unknown")),
                    (None, of @ Value::Object(_)) => wrong(value, of, document, &at),
                    (None, _) => None,
                }
            })
        }
        _ => None,
    }
}

fn is_of(value: &Value, kinds: &Value) -> bool {
    let kinds = match kinds {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    kinds.iter().any(|kind| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => panic!("{other}"),
    })
}
