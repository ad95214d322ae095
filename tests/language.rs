//! The catalogues of texts: both languages have the same, nothing is left over, and nothing that people read is
//! written anywhere else.
#![allow(clippy::unwrap_used)]

#[path = "support/english.rs"]
mod english;
#[path = "support/sources.rs"]
mod sources;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use english::english_words;
use fluent_syntax::{
    ast::{Entry, Expression, Identifier, InlineExpression, Pattern, PatternElement},
    parser,
};
use proc_macro2::{TokenStream, TokenTree};
use sources::{root, sources};
use syn::{Token, parse::Parser, punctuated::Punctuated, visit::Visit};

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

#[test]
fn no_text_is_left_over() {
    // Ids that are put together while the program runs; tests next to that code find what is missing of them.
    const MADE: [&str; 6] = ["flag-", "about-", "value-", "heading-", "command-", "help-"];
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

/// What a text says, its values left out but for the marks around them.
fn prose(pattern: &Pattern<&str>) -> String {
    let pieces = pattern.elements.iter().map(|element| match element {
        PatternElement::TextElement { value } => (*value).to_owned(),
        PatternElement::Placeable {
            expression: Expression::Select { variants, .. },
        } => {
            let variants = variants.iter().map(|variant| prose(&variant.value));
            variants.collect::<Vec<_>>().join(" ")
        }
        PatternElement::Placeable {
            expression:
                Expression::Inline(InlineExpression::VariableReference {
                    id: Identifier { name },
                }),
        } => format!("${name}"),
        PatternElement::Placeable { .. } => String::new(),
    });
    pieces.collect()
}

/// The texts of the Spanish catalogue, attributes included, by id.
fn spanish() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("i18n/es/trozos.ftl")).unwrap();
    let resource = parser::parse(text.as_str()).unwrap();
    let mut texts = Vec::new();
    for entry in &resource.body {
        if let Entry::Message(message) = entry {
            let attributes = message.attributes.iter().map(|attribute| &attribute.value);
            for pattern in message.value.iter().chain(attributes) {
                texts.push((message.id.name.to_owned(), prose(pattern)));
            }
        }
    }
    texts
}

/// A text without the names of its values.
fn without_values(text: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut pieces = text.split('$');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + " " + piece.trim_start_matches(is_name)
    })
}

#[test]
fn spanish_is_spanish() {
    let texts = spanish();
    assert!(texts.len() > 400);
    let wrong: Vec<_> = texts
        .iter()
        .map(|(id, text)| (id, english_words(&without_values(text))))
        .filter(|(_, english)| !english.is_empty())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Values of texts that are words of an error: their `Display` is English.
#[derive(Default)]
struct ErrorsAsText {
    /// The text's id and the value's name.
    found: Vec<(String, String)>,
}

/// What errors are called in this code.
const ERRORS: [&str; 14] = [
    "error", "err", "e", "why", "reason", "message", "source", "trouble", "refusal", "refused",
    "lost", "denied", "failure", "cause",
];

impl<'ast> Visit<'ast> for ErrorsAsText {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let arguments = Punctuated::<syn::Expr, Token![,]>::parse_terminated;
        let Ok(arguments) = arguments.parse2(call.tokens.clone()) else {
            return;
        };
        if !call.path.is_ident("t") {
            // Texts within others, as in format!.
            return arguments
                .iter()
                .for_each(|argument| self.visit_expr(argument));
        }
        let mut arguments = arguments.iter();
        let Some(syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(id),
            ..
        })) = arguments.next()
        else {
            return;
        };
        for argument in arguments {
            if let syn::Expr::Assign(value) = argument
                && let syn::Expr::Path(name) = &*value.left
                && let Some(name) = name.path.get_ident()
                && is_error_as_text(&value.right)
            {
                self.found.push((id.value(), name.to_string()));
            }
            self.visit_expr(argument);
        }
    }
}

/// `error.to_string()`, `self.reason.to_string()`, `format!("{error}")`.
fn is_error_as_text(value: &syn::Expr) -> bool {
    let is_error = |name: &syn::Ident| ERRORS.iter().any(|error| name == error);
    match value {
        syn::Expr::MethodCall(call) if call.method == "to_string" => match &*call.receiver {
            syn::Expr::Path(path) => path.path.get_ident().is_some_and(is_error),
            syn::Expr::Field(field) => match &field.member {
                syn::Member::Named(name) => is_error(name),
                syn::Member::Unnamed(_) => false,
            },
            _ => false,
        },
        syn::Expr::Macro(call) if call.mac.path.is_ident("format") => {
            let arguments = Punctuated::<syn::Expr, Token![,]>::parse_terminated;
            let arguments = arguments.parse2(call.mac.tokens.clone());
            arguments.is_ok_and(|arguments| arguments.iter().any(names_an_error))
        }
        syn::Expr::Reference(inner) => is_error_as_text(&inner.expr),
        _ => false,
    }
}

/// `"{error}"`, `"{why:#}"`, or an error beside them.
fn names_an_error(argument: &syn::Expr) -> bool {
    match argument {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => {
            let text = text.value();
            let inline = |mark: &str| {
                ERRORS
                    .iter()
                    .any(|e| text.contains(&format!("{{{e}{mark}")))
            };
            inline("}") || inline(":")
        }
        syn::Expr::Path(path) => path
            .path
            .get_ident()
            .is_some_and(|name| ERRORS.iter().any(|error| name == error)),
        _ => false,
    }
}

fn errors_as_text(code: &str) -> Vec<(String, String)> {
    let mut errors = ErrorsAsText::default();
    errors.visit_file(&syn::parse_file(code).unwrap());
    errors.found
}

#[test]
fn words_of_errors_are_only_quoted() {
    let texts: BTreeMap<_, _> = spanish().into_iter().collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in sources(&root().join("src/cli")) {
        for (id, value) in errors_as_text(&fs::read_to_string(&path).unwrap()) {
            seen += 1;
            if !texts[&id].contains(&format!("«${value}»")) {
                wrong.push(format!("{}: {id}: {value}", path.display()));
            }
        }
    }
    assert!(seen > 0, "the reader of values sees nothing");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (code, found) in [
        (r#"fn f() { t!("id", why = error.to_string()) }"#, 1),
        (
            r#"fn f() { x(format!("{}", t!("id", why = self.reason.to_string()))) }"#,
            1,
        ),
        (r#"fn f() { t!("id", why = format!("{error:#}")) }"#, 1),
        (
            r#"fn f() { t!("id", why = told(error), n = number.to_string()) }"#,
            0,
        ),
    ] {
        assert_eq!(errors_as_text(code).len(), found, "{code}");
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
    "  videosecundario -n N --ip-central CENTRAL {}",
    "  videocliente --ip-central CENTRAL {}",
    "--clave-archivo clave --tls-ca ca.pem --tls-cert {stem}.pem --tls-clave {stem}-clave.pem",
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
                // Names of files that the demonstration makes.
                if !path.ends_with("local/samples.rs") {
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
