//! What Prometheus' own tool says of the figures, and of the alerts and the board that come with them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{scene::Scene, support::noise};

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging")
}

/// Names of figures in an expression.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("trozos_") || word.starts_with("process_"))
}

/// All expressions of a board or of its parts.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "expr" || key == "query" => {
                        found.push(text.clone());
                    }
                    other => expressions(other, found),
                }
            }
        }
        Value::Array(rows) => rows.iter().for_each(|row| expressions(row, found)),
        _ => {}
    }
}

#[test]
#[ignore = "needs promtool"]
fn promtool_has_nothing_to_say_of_figures_and_alerts() {
    let scene = Scene::level(1, 0, &[("peli.mp4", &noise(1, 1000))]);
    let mut known = BTreeSet::new();
    for at in [scene.c, scene.s[0]] {
        let said = scene.run(&format!(
            "curl -sf http://{at}/metrics | tee figuras | promtool check metrics"
        ));
        assert_eq!(said, "", "{at}");
        let text = fs::read_to_string(scene.others().join("figuras")).unwrap();
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        known.extend(rows.map(|row| row.split(['{', ' ']).next().unwrap().to_owned()));
    }
    let folder = packaging().join("prometheus");
    let folder = folder.display();
    scene.run(&format!(
        "promtool check rules {folder}/trozos.yml; promtool test rules {folder}/trozos.test.yml"
    ));
    let rules = fs::read_to_string(packaging().join("prometheus/trozos.yml")).unwrap();
    let rules: Vec<String> = rules.lines().map(str::to_owned).collect();
    let board = fs::read_to_string(packaging().join("grafana/trozos.json")).unwrap();
    let mut shown = Vec::new();
    expressions(&serde_json::from_str(&board).unwrap(), &mut shown);
    // Those of variables are Grafana's own.
    shown
        .retain(|expression| !expression.starts_with("label_values") && expression != "prometheus");
    assert!(shown.len() > 20, "{}", shown.len());
    // Prometheus understands them.
    let parsed: String = shown
        .iter()
        .enumerate()
        .map(|(n, expression)| {
            let expression = expression.replace("$__rate_interval", "5m");
            let expression = serde_json::to_string(&expression).unwrap();
            format!("    - {{record: figura:{n}, expr: {expression}}}\n")
        })
        .collect();
    let file = format!("groups:\n- name: panel\n  rules:\n{parsed}");
    fs::write(scene.others().join("panel.yml"), file).unwrap();
    scene.run("promtool check rules panel.yml");
    for expression in shown.iter().chain(&rules) {
        for name in names(expression) {
            assert!(
                known.contains(name),
                "{name}, of {expression}, is not there"
            );
        }
    }
}
