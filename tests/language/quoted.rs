//! The Spanish catalogue is Spanish, and words of errors, whose `Display` is English, are in a text only as a quotation.

use std::{collections::BTreeMap, fs};

use fluent_syntax::{
    ast::{Entry, Expression, Identifier, InlineExpression, Pattern, PatternElement},
    parser,
};
use syn::{Token, parse::Parser, punctuated::Punctuated, visit::Visit};

use super::{
    english::english_words,
    is_test,
    sources::{root, sources},
};

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
    let read = sources(&root().join("src/cli"));
    assert!(!read.is_empty(), "no sources");
    for path in &read {
        for (id, value) in errors_as_text(&fs::read_to_string(path).unwrap()) {
            if !texts[&id].contains(&format!("«${value}»")) {
                wrong.push(format!("{}: {id}: {value}", path.display()));
            }
        }
    }
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
