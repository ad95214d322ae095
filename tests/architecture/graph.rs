//! Which file names which, by syntax: every `use`, and every path in code and in macros.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{spanned::Spanned, visit::Visit};

use crate::sources::sources;

/// A path from the crate's root, or from another crate's.
pub(crate) type Names = Vec<String>;

/// A path that a file names, and the line.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) path: Names,
    pub(crate) line: usize,
}

/// A file of the product, without its tests.
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    /// `cli::text::errors` as names.
    path: Names,
    children: BTreeSet<String>,
    /// What its `use` items bring in, by name; of globs, the modules.
    imports: HashMap<String, Names>,
    globs: Vec<Names>,
    /// What it names, its own imports resolved: private imports and paths in its code.
    pub(crate) named: Vec<Named>,
    pub(crate) functions: Vec<Function>,
    /// Macros that it calls, with the line.
    pub(crate) macros: Vec<(String, usize)>,
    pub(crate) has_head: bool,
    pub(crate) lines: usize,
}

/// A function and how many lines it has, signature and body.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: usize,
}

/// All files below a folder.
pub(crate) struct House {
    pub(crate) modules: Vec<Module>,
    by_path: HashMap<Names, usize>,
}

impl House {
    /// Reads the product's files: those of modules that are for tests alone are left out, with all below them.
    pub(crate) fn read(src: &Path) -> Self {
        let parsed: Vec<(PathBuf, String, syn::File)> = sources(src)
            .into_iter()
            .filter(|file| !file.starts_with(src.join("bin")))
            .map(|file| {
                let text = fs::read_to_string(&file).unwrap();
                let syntax = syn::parse_file(&text)
                    .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
                (file, text, syntax)
            })
            .collect();
        let tests: Vec<Names> = parsed
            .iter()
            .flat_map(|(file, _, syntax)| test_modules(&module_path(src, file), syntax))
            .collect();
        let modules: Vec<Module> = parsed
            .into_iter()
            .map(|(file, text, syntax)| (module_path(src, &file), file, text, syntax))
            .filter(|(path, ..)| !tests.iter().any(|test| path.starts_with(test)))
            .map(|(path, file, text, syntax)| Module::of(path, file, &text, &syntax))
            .collect();
        let by_path = modules
            .iter()
            .enumerate()
            .map(|(index, module)| (module.path.clone(), index))
            .collect();
        Self { modules, by_path }
    }

    /// Everything that a file names, with what other files hand on replaced by what it stands for.
    pub(crate) fn named(&self, module: &Module) -> Vec<Named> {
        let whole = |named: &Named| Named {
            path: self.follow(&named.path, 0),
            line: named.line,
        };
        module.named.iter().map(whole).collect()
    }

    /// Replaces names that modules import on the way down a path, as `text::t` of a module that imports it.
    fn follow(&self, path: &[String], depth: usize) -> Names {
        if depth > 16 {
            return path.to_vec();
        }
        let mut at = Vec::new();
        for (index, name) in path.iter().enumerate() {
            let Some(&module) = self.by_path.get(&at) else {
                return path.to_vec();
            };
            let module = &self.modules[module];
            if !module.children.contains(name) {
                let rest = &path[index + 1..];
                if let Some(import) = module.imports.get(name)
                    && import != path
                {
                    return self.follow(&[import.as_slice(), rest].concat(), depth + 1);
                }
                for glob in &module.globs {
                    let through =
                        self.follow(&[glob.as_slice(), &path[index..]].concat(), depth + 1);
                    if self
                        .file_of(&through)
                        .is_some_and(|file| self.modules[file].path != *glob)
                    {
                        return through;
                    }
                }
                return path.to_vec();
            }
            at.push(name.clone());
        }
        path.to_vec()
    }

    /// The file in which a path ends: the deepest module on it. None for other crates.
    fn file_of(&self, path: &[String]) -> Option<usize> {
        let first = self.by_path.get(&path[..1.min(path.len())]);
        first?;
        (1..=path.len())
            .rev()
            .find_map(|count| self.by_path.get(&path[..count]).copied())
    }

    /// True when a path is a module and nothing in it.
    fn is_module(&self, path: &[String]) -> bool {
        self.by_path.contains_key(path)
    }

    /// For each file the files of its layer that it needs.
    fn arrows(&self) -> Vec<BTreeSet<usize>> {
        let arrows_of = |(index, module): (usize, &Module)| {
            self.named(module)
                .into_iter()
                // Who only imports a module by name needs what it names in it.
                .filter(|named| !self.is_module(&named.path))
                .filter_map(|named| self.file_of(&named.path))
                .filter(|&other| other != index)
                .filter(|&other| self.modules[other].path.first() == module.path.first())
                .collect()
        };
        self.modules.iter().enumerate().map(arrows_of).collect()
    }

    /// Files of one layer that need each other, in groups.
    pub(crate) fn circles(&self) -> Vec<BTreeSet<String>> {
        let arrows = self.arrows();
        let reach: Vec<BTreeSet<usize>> = (0..arrows.len())
            .map(|start| reachable(&arrows, start))
            .collect();
        let mut groups: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for index in 0..arrows.len() {
            let circle = reach[index]
                .iter()
                .filter(|&&other| reach[other].contains(&index));
            if let Some(first) = circle.min() {
                groups
                    .entry(*first)
                    .or_default()
                    .insert(self.modules[index].path.join("::"));
            }
        }
        groups
            .into_values()
            .filter(|group| group.len() > 1)
            .collect()
    }

    /// The arrows within a group, for people.
    pub(crate) fn arrows_within(&self, group: &BTreeSet<String>) -> Vec<String> {
        let arrows = self.arrows();
        let name = |index: usize| self.modules[index].path.join("::");
        let within = |index: usize| group.contains(&name(index));
        let all = (0..arrows.len()).filter(|&index| within(index));
        all.flat_map(|index| {
            let others = arrows[index].iter().filter(|&&other| within(other));
            others.map(move |&other| (index, other))
        })
        .map(|(from, to)| format!("  {} -> {}", name(from), name(to)))
        .collect()
    }
}

fn reachable(arrows: &[BTreeSet<usize>], start: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<usize> = arrows[start].iter().copied().collect();
    while let Some(index) = next.pop() {
        if seen.insert(index) {
            next.extend(&arrows[index]);
        }
    }
    seen
}

/// `src/cli/text/mod.rs` is `cli::text`.
fn module_path(src: &Path, file: &Path) -> Names {
    let inner = file.strip_prefix(src).unwrap().with_extension("");
    let mut path: Names = inner
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if path
        .last()
        .is_some_and(|last| last == "mod" || last == "lib")
    {
        path.pop();
    }
    path
}

/// Modules with files of their own that are for tests alone.
fn test_modules(path: &[String], file: &syn::File) -> Vec<Names> {
    let modules = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() => Some(module),
        _ => None,
    });
    modules
        .filter(|module| module.attrs.iter().any(is_for_tests))
        .map(|module| [path, &[module.ident.to_string()]].concat())
        .collect()
}

/// True for `#[cfg(test)]` and `#[cfg(any(test, …))]`: not part of the product.
pub(crate) fn is_for_tests(attribute: &syn::Attribute) -> bool {
    if !attribute.path().is_ident("cfg") {
        return false;
    }
    match attribute.parse_args::<syn::Meta>() {
        Ok(syn::Meta::Path(path)) => path.is_ident("test"),
        Ok(syn::Meta::List(list)) if list.path.is_ident("any") => list
            .tokens
            .into_iter()
            .any(|token| matches!(token, TokenTree::Ident(ident) if ident == "test")),
        _ => false,
    }
}

/// Lines of items that are for tests alone, with their attributes.
pub(crate) fn test_lines(file: &syn::File) -> Vec<RangeInclusive<usize>> {
    let mut reader = Reader::default();
    reader.visit_file(file);
    reader.tests
}

impl Module {
    fn of(path: Names, file: PathBuf, text: &str, syntax: &syn::File) -> Self {
        let mut reader = Reader::default();
        reader.visit_file(syntax);
        let mut module = Self {
            has_head: text.starts_with("//!"),
            lines: text.lines().count()
                - reader.tests.into_iter().map(Iterator::count).sum::<usize>(),
            children: reader.children,
            imports: HashMap::new(),
            globs: Vec::new(),
            named: Vec::new(),
            functions: reader.functions,
            macros: reader.macros,
            path,
            file,
        };
        for import in &reader.imports {
            let whole = module.absolute(&import.path);
            match &import.name {
                Some(name) => {
                    module.imports.insert(name.clone(), whole.clone());
                }
                None => module.globs.push(whole.clone()),
            }
            // What is only handed on is no need of this file's, unless its code names it.
            if import.is_private {
                module.named.push(Named {
                    path: whole,
                    line: import.line,
                });
            }
        }
        for Named { path, line } in reader.paths {
            let path = module.absolute(&path);
            module.named.push(Named { path, line });
        }
        module
    }

    /// A path as this file writes it, from the root: by `crate`, `self`, `super`, one of its modules, or an import.
    fn absolute(&self, path: &[String]) -> Names {
        let (first, rest) = path.split_first().expect("a path has a name");
        let own = |names: &[String]| [self.path.as_slice(), names].concat();
        match first.as_str() {
            "crate" => rest.to_vec(),
            "self" => own(rest),
            "super" => {
                let mut at = self.path.clone();
                at.pop();
                let mut rest = rest;
                while let Some((name, after)) = rest.split_first()
                    && name == "super"
                {
                    at.pop();
                    rest = after;
                }
                [at.as_slice(), rest].concat()
            }
            name if self.children.contains(name) => own(path),
            name => match self.imports.get(name) {
                Some(import) => [import.as_slice(), rest].concat(),
                None => path.to_vec(),
            },
        }
    }
}

struct Import {
    /// The name here; none for a glob.
    name: Option<String>,
    path: Names,
    is_private: bool,
    line: usize,
}

/// Reads one file, and leaves out what is for tests.
#[derive(Default)]
struct Reader {
    tests: Vec<RangeInclusive<usize>>,
    children: BTreeSet<String>,
    imports: Vec<Import>,
    paths: Vec<Named>,
    functions: Vec<Function>,
    macros: Vec<(String, usize)>,
}

impl Reader {
    fn leaves_out(&mut self, attributes: &[syn::Attribute], item: &impl Spanned) -> bool {
        let is = attributes.iter().any(is_for_tests);
        if is {
            let span = item.span();
            self.tests.push(span.start().line..=span.end().line);
        }
        is
    }

    fn import(&mut self, tree: &syn::UseTree, before: &[String], is_private: bool) {
        let line = tree.span().start().line;
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let mut add = |name: Option<String>, path: Names| {
            self.imports.push(Import {
                name,
                path,
                is_private,
                line,
            });
        };
        match tree {
            syn::UseTree::Path(path) => self.import(&path.tree, &with(&path.ident), is_private),
            syn::UseTree::Name(name) if name.ident == "self" => {
                add(before.last().cloned(), before.to_vec());
            }
            syn::UseTree::Name(name) => add(Some(name.ident.to_string()), with(&name.ident)),
            syn::UseTree::Rename(rename) if rename.ident == "self" => {
                add(Some(rename.rename.to_string()), before.to_vec());
            }
            syn::UseTree::Rename(rename) => {
                add(Some(rename.rename.to_string()), with(&rename.ident));
            }
            syn::UseTree::Glob(_) => add(None, before.to_vec()),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before, is_private);
                }
            }
        }
    }

    fn function(&mut self, signature: &syn::Signature, whole: &impl Spanned) {
        let from = signature.span().start().line;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            lines: whole.span().end().line + 1 - from,
        });
    }

    /// Paths in the words of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Names = Vec::new();
        let mut line = 0;
        // How many colons have come since the last name.
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end_path(&mut path, line);
                    }
                    if path.is_empty() {
                        line = ident.span().start().line;
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.end_path(&mut path, line);
                    colons = 0;
                }
                TokenTree::Group(group) => {
                    self.end_path(&mut path, line);
                    colons = 0;
                    self.tokens(group.stream());
                }
            }
        }
        self.end_path(&mut path, line);
    }

    fn end_path(&mut self, path: &mut Names, line: usize) {
        if !path.is_empty() {
            let path = std::mem::take(path);
            self.paths.push(Named { path, line });
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if self.leaves_out(attributes_of(item), item) {
            return;
        }
        match item {
            syn::Item::Use(item) => {
                let is_private = matches!(item.vis, syn::Visibility::Inherited);
                self.import(&item.tree, &[], is_private);
            }
            syn::Item::Mod(module) if module.content.is_none() => {
                self.children.insert(module.ident.to_string());
            }
            syn::Item::Fn(function) => self.function(&function.sig, function),
            _ => {}
        }
        syn::visit::visit_item(self, item);
    }

    // Imports are read as trees.
    fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {}

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !self.leaves_out(&item.attrs, item) {
            self.function(&item.sig, item);
            syn::visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let line = path.span().start().line;
        let names = path.segments.iter().map(|part| part.ident.to_string());
        self.paths.push(Named {
            path: names.collect(),
            line,
        });
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        if let Some(last) = called.path.segments.last() {
            let line = last.span().start().line;
            self.macros.push((last.ident.to_string(), line));
        }
        self.tokens(called.tokens.clone());
        syn::visit::visit_macro(self, called);
    }

    // `pub(in a::b)` is no need.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    // Derives and `#[error(…)]` name nothing of ours.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
