//! The catalogues of texts: both languages have the same, nothing is left over, and nothing that people read is
//! written anywhere else.
#![allow(clippy::unwrap_used)]

#[path = "../support/english.rs"]
mod english;
mod quoted;
#[path = "../support/sources.rs"]
mod sources;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser,
};
use proc_macro2::{TokenStream, TokenTree};
use sources::{root, sources};
use syn::visit::Visit;
use trozos::cli::names::{FLAGS, SAME_IN_BOTH};

/// Values that a text takes, per attribute; the text itself is the attribute without a name.
type Shape = BTreeMap<String, BTreeSet<String>>;

fn catalogue(language: &str) -> BTreeMap<String, Shape> {
    let path = root().join(format!("i18n/{language}/trozos.ftl"));
    let text = fs::read_to_string(path).unwrap();
    let resource = parser::parse(text.as_str()).unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
    let mut texts = BTreeMap::new();
    for entry in &resource.body {
        let Entry::Message(message) = entry else {
            assert!(
                !matches!(entry, Entry::Junk { .. }),
                "{language}: {entry:?}"
            );
            continue;
        };
        let mut shape = Shape::new();
        let value = message
            .value
            .as_ref()
            .unwrap_or_else(|| panic!("{}: no text", message.id.name));
        shape.insert(String::new(), variables(value));
        for attribute in &message.attributes {
            shape.insert(attribute.id.name.to_owned(), variables(&attribute.value));
        }
        let twice = texts.insert(message.id.name.to_owned(), shape);
        assert!(twice.is_none(), "{language}: {} twice", message.id.name);
    }
    texts
}

fn variables(pattern: &Pattern<&str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            of_expression(expression, &mut found);
        }
    }
    found
}

fn of_expression(expression: &Expression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => of_inline(inline, found),
        Expression::Select { selector, variants } => {
            of_inline(selector, found);
            for variant in variants {
                found.extend(variables(&variant.value));
            }
        }
    }
}

fn of_inline(inline: &InlineExpression<&str>, found: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            found.insert(id.name.to_owned());
        }
        InlineExpression::Placeable { expression } => of_expression(expression, found),
        _ => {}
    }
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_values() {
    let (spanish, english) = (catalogue("es"), catalogue("en"));
    assert!(spanish.len() > 300);
    for (id, shape) in &spanish {
        assert_eq!(english.get(id), Some(shape), "{id}");
    }
    for id in english.keys() {
        assert!(spanish.contains_key(id), "{id}: not in Spanish");
    }
}

/// Flags that a text names: what begins with two hyphens.
fn flags_in(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
    let pieces = text.split("--").skip(1);
    let names = pieces.map(|piece| &piece[..piece.find(|c| !is_name(c)).unwrap_or(piece.len())]);
    names
        .map(|name| name.trim_end_matches('-'))
        .filter(|name| !name.is_empty())
        .collect()
}

/// What follows a command of a prompt as an option: no flag of a program.
const AT_PROMPTS: &[(&str, &str)] = &[
    ("abre-con", "opens-with"),
    ("efimera", "ephemeral"),
    ("historia", "history"),
];

#[test]
fn each_language_names_flags_by_its_own_names() {
    let names = FLAGS.iter().chain(AT_PROMPTS).copied();
    let (spanish, english): (Vec<_>, Vec<_>) = names.unzip();
    let both = [SAME_IN_BOTH, &["help", "version"]].concat();
    for (language, own) in [("es", spanish), ("en", english)] {
        let path = root().join(format!("i18n/{language}/trozos.ftl"));
        let text = fs::read_to_string(path).unwrap();
        for flag in flags_in(&text) {
            let is_known = own.contains(&flag) || both.contains(&flag);
            assert!(is_known, "{language}: --{flag}");
        }
    }
}

#[test]
fn every_flag_has_a_name_in_both_languages() {
    let spanish = FLAGS.iter().map(|(spanish, _)| *spanish);
    let known: Vec<&str> = spanish.chain(SAME_IN_BOTH.iter().copied()).collect();
    let mut found = BTreeSet::new();
    for path in sources(&root().join("src/cli/args")) {
        for field in fields_of_flags(&fs::read_to_string(&path).unwrap()) {
            assert!(
                known.contains(&field.as_str()),
                "{}: {field}",
                path.display()
            );
            found.insert(field);
        }
    }
    let unused: Vec<_> = known
        .iter()
        .filter(|flag| !found.contains(**flag))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

/// The flags that a file of command lines has.
fn fields_of_flags(code: &str) -> Vec<String> {
    #[derive(Default)]
    struct Flags(Vec<String>);
    impl<'ast> Visit<'ast> for Flags {
        fn visit_field(&mut self, field: &'ast syn::Field) {
            let Some(arg) = field.attrs.iter().find(|a| a.path().is_ident("arg")) else {
                return;
            };
            let syn::Meta::List(list) = &arg.meta else {
                return;
            };
            let given = list.tokens.to_string().replace(' ', "");
            let mut parts = given.split(',');
            let Some(long) = parts.find(|part| *part == "long" || part.starts_with("long=")) else {
                return;
            };
            let name = field.ident.as_ref().unwrap().to_string().replace('_', "-");
            let name = long
                .strip_prefix("long=")
                .map_or(name, |long| long.replace('"', ""));
            self.0.push(name);
        }
    }
    let mut flags = Flags::default();
    flags.visit_file(&syn::parse_file(code).unwrap());
    flags.0
}

#[test]
fn no_text_is_left_over() {
    // Ids that are put together while the program runs; tests next to that code find what is missing of them.
    const MADE: [&str; 8] = [
        "flag-",
        "about-",
        "value-",
        "heading-",
        "command-",
        "help-",
        "manual-file-",
        "manual-example-",
    ];
    let code: String = sources(&root().join("src"))
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for id in catalogue("es").keys() {
        let is_named = code.contains(&format!("\"{id}\""));
        assert!(
            is_named || MADE.iter().any(|start| id.starts_with(start)),
            "{id}: used nowhere"
        );
    }
}

/// Functions whose words people read.
const PRINTERS: [&str; 6] = ["line", "report", "say", "complaint", "note", "complain"];
/// Macros whose words nobody reads, or developers only, or that are the catalogue itself.
const NOT_READ: [&str; 12] = [
    "t",
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "assert",
    "debug_assert",
    "unreachable",
    "panic",
    "matches",
    "macro_rules",
];
/// What is the same in all languages: command lines to be copied.
const SAME_IN_ALL: [&str; 4] = [
    "  videocentral        {}",
    "  videosecundario -n N {central} CENTRAL {}",
    "  videocliente {central} CENTRAL {}",
    "{secret} {secret_file} --tls-ca ca.pem --tls-cert {stem}.pem {key} {key_file}",
];

#[derive(Default)]
struct Words {
    found: Vec<String>,
}

impl Words {
    fn look(&mut self, text: &str) {
        if !SAME_IN_ALL.contains(&text) && is_prose(text) {
            self.found.push(text.to_owned());
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.look(&text.value());
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    fn printed(&mut self, name: &str, arguments: impl Iterator<Item = syn::Expr>) {
        if !PRINTERS.contains(&name) {
            return;
        }
        for argument in arguments {
            if let syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) = &argument
                && text.value().contains(char::is_alphabetic)
            {
                self.found.push(text.value());
            }
        }
    }
}

/// Two words beside each other, or a letter that English code has no use for.
fn is_prose(text: &str) -> bool {
    let is_word = |word: &&str| {
        let letters = word.trim_matches(|c: char| c.is_ascii_punctuation());
        !word.contains('{') && letters.len() > 1 && letters.chars().all(char::is_alphabetic)
    };
    let words: Vec<&str> = text.split(' ').collect();
    let has_two = words.windows(2).any(|pair| pair.iter().all(is_word));
    has_two || text.contains(['á', 'é', 'í', 'ó', 'ú', 'ñ', '¿', '¡', '«'])
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Ident>()
                    .is_ok_and(|what| what == "test"))
    })
}

impl<'ast> Visit<'ast> for Words {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.look(&text.value());
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call
            .path
            .segments
            .last()
            .map(|s| s.ident.to_string())
            .unwrap_or_default();
        if name == "t" {
            // Values within a text are code.
            let values = call.tokens.clone().into_iter().skip(1).collect();
            self.tokens(values);
        } else if !NOT_READ.contains(&name.as_str()) {
            self.tokens(call.tokens.clone());
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.printed(&call.method.to_string(), call.args.iter().cloned());
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func {
            let name = path
                .path
                .segments
                .last()
                .map(|s| s.ident.to_string())
                .unwrap_or_default();
            self.printed(&name, call.args.iter().cloned());
        }
        syn::visit::visit_expr_call(self, call);
    }
}

fn words_of(code: &str) -> Vec<String> {
    let mut words = Words::default();
    words.visit_file(&syn::parse_file(code).unwrap());
    words.found
}

#[test]
fn nothing_that_people_read_is_outside_of_the_catalogues() {
    let mut found = Vec::new();
    for folder in ["src/cli", "src/bin"] {
        for path in sources(&root().join(folder)) {
            for text in words_of(&fs::read_to_string(&path).unwrap()) {
                // Names of files that the demonstration makes; modules of tests.
                let is_allowed = path.ends_with("local/samples.rs") || path.ends_with("tests.rs");
                if !is_allowed {
                    found.push(format!("{}: {text:?}", path.display()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn words_outside_of_the_catalogues_are_found() {
    for code in [
        r#"fn f() { printer.line("Done"); }"#,
        r#"fn f() { printer.line(format!("it is {x} done")); }"#,
        r#"fn f() -> String { "no se puede".to_owned() }"#,
        r#"const WHY: &str = "two words";"#,
        r#"fn f() { report("x: vacío") }"#,
        r#"fn f() { t!("id", why = "because of it") }"#,
    ] {
        assert!(!words_of(code).is_empty(), "{code}");
    }
    for code in [
        r#"fn f() { printer.line(t!("id", name = name)); }"#,
        r#"fn f() { tracing::warn!(%error, "no such thing"); }"#,
        r#"/// Two words.
           fn f() { format!("{a}: {b}") }"#,
        r#"#[cfg(test)] mod tests { const A: &str = "two words"; }"#,
    ] {
        assert_eq!(words_of(code), [""; 0], "{code}");
    }
}
