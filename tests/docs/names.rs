//! Every option, command, variable and key that a page shows exists, under the name of the page's language.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use trozos::cli::{at_end, names::FLAGS};

use super::{
    language::{self, AT_PROMPTS, COMMANDS, GENERATE, Language, order, prompt_commands},
    pages::{self, Page},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    Central,
    Secondary,
    Client,
    Local,
}

impl Program {
    pub(crate) const ALL: [Self; 4] = [Self::Central, Self::Secondary, Self::Client, Self::Local];

    fn name(self) -> &'static str {
        match self {
            Self::Central => "videocentral",
            Self::Secondary => "videosecundario",
            Self::Client => "videocliente",
            Self::Local => "videolocal",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Central => env!("CARGO_BIN_EXE_videocentral"),
            Self::Secondary => env!("CARGO_BIN_EXE_videosecundario"),
            Self::Client => env!("CARGO_BIN_EXE_videocliente"),
            Self::Local => env!("CARGO_BIN_EXE_videolocal"),
        }
    }

    /// The program of a section of the configuration file, by either name.
    pub(crate) fn of_section(section: &str) -> Option<Self> {
        Some(match section {
            "central" => Self::Central,
            "secundario" | "secondary" => Self::Secondary,
            "cliente" | "client" => Self::Client,
            "local" => Self::Local,
            _ => return None,
        })
    }

    fn help(self, language: Language, words: &[&str]) -> String {
        let output = Command::new(self.path())
            .args(words)
            .args(["--help", "--idioma", language.tag])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// One of its commands that has all the options that any of them has of its own.
    fn telling_commands(self) -> &'static [&'static str] {
        match self {
            Self::Central => &[
                "auditor",
                "certificados",
                "certificados-motor",
                "consola",
                "diario",
                "estado",
            ],
            Self::Secondary => &["estado", "vaciar"],
            Self::Client => &["descargar", "ver", "enlace"],
            Self::Local => &[],
        }
    }

    /// Its commands, as a language calls them.
    fn commands(self, language: Language) -> BTreeSet<String> {
        let pick = |spanish: &str, english: &str| pick(language, spanish, english);
        let of_lines = COMMANDS
            .iter()
            .filter(|(spanish, _)| self.has_of_its_own(spanish))
            .map(|(spanish, english)| pick(spanish, english));
        let orders = prompt_commands()
            .into_iter()
            .filter(|_| matches!(self, Self::Central | Self::Secondary))
            .map(|(spanish, english)| order(&pick(spanish, english)));
        of_lines.chain(orders).collect()
    }

    fn has_of_its_own(self, command: &str) -> bool {
        match self {
            Self::Central => [
                "auditor",
                "certificados",
                "certificados-motor",
                "consola",
                "diario",
            ]
            .contains(&command),
            Self::Client => !Self::Central.has_of_its_own(command),
            Self::Secondary | Self::Local => false,
        }
    }
}

/// What a language calls something.
fn pick(language: Language, spanish: &str, english: &str) -> String {
    match language {
        language::ENGLISH => english.to_owned(),
        _ => spanish.to_owned(),
    }
}

/// The options of all programs, as a language calls them.
#[derive(Debug)]
pub(crate) struct Flags {
    language: Language,
    of: BTreeMap<Program, BTreeSet<String>>,
}

impl Flags {
    pub(crate) fn of(language: Language) -> Self {
        let of = Program::ALL.map(|program| {
            let helps = program.telling_commands().iter();
            let mut text = helps
                .map(|command| program.help(language, &[command]))
                .collect::<String>();
            text.push_str(&program.help(language, &[]));
            let words = text.split(|c: char| c.is_whitespace() || c == ',');
            let names = words.filter_map(|word| word.strip_prefix("--"));
            let names = names.filter(|name| !name.is_empty());
            let mut flags: BTreeSet<String> = names.map(str::to_owned).collect();
            if program == Program::Local {
                let [(spanish, english)] = GENERATE else {
                    panic!("one")
                };
                flags.insert(pick(language, spanish, english));
            }
            (program, flags)
        });
        let of = BTreeMap::from(of);
        assert!(of.values().all(|flags| flags.len() > 15), "{of:?}");
        Self { language, of }
    }

    pub(crate) fn has(&self, program: Program, name: &str) -> bool {
        self.of[&program].contains(name)
    }

    fn anybody_has(&self, name: &str) -> bool {
        Program::ALL.iter().any(|program| self.has(*program, name))
    }

    /// What is wrong with a command line, from the name of one of our programs on.
    fn wrong(&self, program: Program, words: &[String]) -> Option<String> {
        let first = words.first().filter(|word| !word.starts_with('-'));
        let is_command = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        if let Some(command) = first.filter(is_command)
            && !program.commands(self.language).contains(command)
        {
            return Some(format!("{} {command}", program.name()));
        }
        let flags = words.iter().flat_map(|word| flags_of(word));
        let mut unknown = flags.filter(|flag| !self.has(program, flag));
        unknown.next().map(|flag| format!("--{flag}"))
    }
}

/// The options in a text.
fn flags_of(text: &str) -> Vec<&str> {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let starts = text.match_indices("--").filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || "('\"=".contains(c))
    });
    let names = starts.map(|(at, _)| {
        let name = &text[at + 2..];
        let end = name.find(|c| !is_of_name(c)).unwrap_or(name.len());
        &name[..end]
    });
    // Not the dashes around a certificate.
    names
        .filter(|name| !name.is_empty() && !name.starts_with('-'))
        .collect()
}

/// The command lines of our programs within one of a shell: the program, and what follows it.
fn ours(line: &str) -> Vec<(Program, Vec<String>)> {
    let line = line.replace("cargo run --release --", Program::Local.name());
    let parts = line.split(['|', ';', '&']).map(str::split_whitespace);
    let found = parts.filter_map(|words| {
        let mut words = words.map(str::to_owned);
        let program = words.find_map(|word| Program::ALL.into_iter().find(|p| p.name() == word))?;
        Some((program, words.collect()))
    });
    found.collect()
}

/// Options of other programs that pages name in the middle of a sentence.
const FOREIGN: [&str; 3] = ["network", "no-block", "version"];
/// Words in capitals in backticks that are no commands.
const CAPITALS: [&str; 17] = [
    "ARQUITECTURA",
    "DIRECTORIO",
    "FICHERO",
    "FILE",
    "GiB",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "MB",
    "OPCIONES",
    "ORDEN",
    "ORDER",
    "PARA",
    "FOR",
    "REPLACE",
    "POSIX",
    "C",
];
/// Variables that are no option's.
const VARIABLES: [&str; 4] = ["clave", "secret", "config", "idioma"];
/// The sections that show the names of both languages.
const BOTH: [&str; 2] = ["Nombres en dos idiomas", "Names in two languages"];

/// What a page shows that does not exist, or is called otherwise in its language.
fn wrong(page: &Page, flags: &Flags) -> Vec<String> {
    let mut wrong = Vec::new();
    let prompt: BTreeSet<&str> = prompt_commands()
        .iter()
        .map(|(spanish, english)| match page.language {
            language::ENGLISH => *english,
            _ => *spanish,
        })
        .collect();
    let typed = AT_PROMPTS.iter();
    let typed = typed.map(|(spanish, english)| pick(page.language, spanish, english));
    let typed: Vec<String> = typed.collect();
    let of_both = BOTH.iter().flat_map(|heading| page.section(heading));
    let of_both = of_both.collect::<String>();
    let of_line = |line: &str| -> Vec<String> {
        let ours = ours(line).into_iter();
        ours.filter_map(|(program, words)| flags.wrong(program, &words))
            .collect()
    };
    let blocks = page.blocks();
    for block in blocks.iter().filter(|block| block.kind == "sh") {
        wrong.extend(block.commands().iter().flat_map(|line| of_line(line)));
    }
    // Options that a service's file passes on.
    let commands = blocks.iter().flat_map(pages::Block::commands);
    for command in commands.filter(|command| command.contains("OPCIONES=")) {
        let unknown = flags_of(&command).into_iter();
        let unknown = unknown.filter(|flag| !flags.anybody_has(flag));
        wrong.extend(unknown.map(|flag| format!("--{flag}")));
    }
    let spans = page.spans();
    let spans = || spans.iter().filter(|span| !of_both.contains(span.as_str()));
    wrong.extend(spans().flat_map(|span| of_line(span)));
    for span in spans() {
        if span.starts_with("--") {
            let unknown = flags_of(span).into_iter();
            let unknown = unknown.filter(|f| !flags.anybody_has(f) && !FOREIGN.contains(f));
            let unknown = unknown.filter(|f| !typed.iter().any(|at_prompts| at_prompts == f));
            wrong.extend(unknown.map(|flag| format!("--{flag}")));
        }
        if let Some(name) = span.strip_prefix("TROZOS_") {
            let name = name.to_lowercase().replace('_', "-");
            let is_given = at_end::VARIABLES.contains(&span.as_str());
            if !flags.anybody_has(&name) && !VARIABLES.contains(&name.as_str()) && !is_given {
                wrong.push(span.clone());
            }
        }
        let word = span.split([' ', '=']).next().unwrap_or_default();
        let is_command = word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let is_signal = word.starts_with("SIG") || word.starts_with("TROZOS_");
        let is_signal = is_signal || is_of_a_store(word);
        if is_command && !is_signal && !CAPITALS.contains(&word) && !prompt.contains(word) {
            wrong.push(span.clone());
        }
        if let Some((key, _)) = span.split_once(" = ")
            && !key.contains(' ')
            && !flags.anybody_has(key)
        {
            wrong.push(span.clone());
        }
    }
    for block in blocks.iter().filter(|block| block.kind == "toml") {
        wrong.extend(unknown_keys(&block.text, flags));
    }
    wrong
}

/// True for a variable that the client of an object store reads.
#[cfg(feature = "object-store")]
fn is_of_a_store(word: &str) -> bool {
    use object_store::{aws::AmazonS3ConfigKey, azure::AzureConfigKey, gcp::GoogleConfigKey};
    let key = word.to_lowercase();
    match word.split('_').next() {
        Some("AWS") => key.parse::<AmazonS3ConfigKey>().is_ok(),
        Some("AZURE") => key.parse::<AzureConfigKey>().is_ok(),
        Some("GOOGLE") => key.parse::<GoogleConfigKey>().is_ok(),
        _ => word == "SSL_CERT_FILE",
    }
}

#[cfg(not(feature = "object-store"))]
fn is_of_a_store(word: &str) -> bool {
    ["AWS_", "AZURE_", "GOOGLE_", "SSL_CERT_"]
        .iter()
        .any(|of| word.starts_with(of))
}

fn unknown_keys(text: &str, flags: &Flags) -> Vec<String> {
    let table: toml::Table = toml::from_str(text).unwrap();
    let mut unknown = Vec::new();
    for (key, value) in &table {
        match (value.as_table(), Program::of_section(key)) {
            (Some(entries), Some(program)) => {
                let keys = entries.keys().filter(|key| !flags.has(program, key));
                unknown.extend(keys.cloned());
            }
            _ if !flags.anybody_has(key) => unknown.push(key.clone()),
            _ => {}
        }
    }
    unknown
}

#[test]
fn what_pages_show_exists_under_that_name() {
    let flags = [language::SPANISH, language::ENGLISH].map(Flags::of);
    let mut all = Vec::new();
    for page in pages::all().chain([Page::read("SECURITY.md")]) {
        let flags = flags.iter().find(|f| f.language == page.language).unwrap();
        let wrong = wrong(&page, flags).into_iter();
        all.extend(wrong.map(|what| format!("{}: {what}", page.path)));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn what_does_not_exist_is_found() {
    let flags = Flags::of(language::SPANISH);
    for (text, expected) in [
        ("`--no-hay`", "--no-hay"),
        ("`--port`", "--port"),
        ("```sh\nsudo videocentral cola --numero 1\n```", "--numero"),
        (
            "```sh\na && videocliente bajar x | y\n```",
            "videocliente bajar",
        ),
        ("`videosecundario cola`", ""),
        (
            "```sh\necho 'OPCIONES=\"--central-ip=x\"' >> y\n```",
            "--central-ip",
        ),
        ("`VIDEOS x`", "VIDEOS x"),
        ("`TROZOS_NADA`", "TROZOS_NADA"),
        ("```toml\n[cliente]\nreposo = 1\n```", "reposo"),
        ("`VIDEO <nombre>`, `--puerto-central`", ""),
        ("`--efimera`, `--ephemeral`", "--ephemeral"),
    ] {
        let page = Page {
            path: "docs/es/x.md".to_owned(),
            text: text.to_owned(),
            language: language::SPANISH,
        };
        assert_eq!(wrong(&page, &flags).join(" "), expected, "{text}");
    }
}

#[test]
fn the_tables_of_names_are_whole() {
    for (path, heading) in ["docs/es/scripts.md", "docs/en/scripts.md"]
        .into_iter()
        .zip(BOTH)
    {
        let page = Page::read(path);
        let text = page.section(heading).join("\n");
        let (both, is_spanish) = (prompt_commands(), page.language == language::SPANISH);
        let flags = FLAGS.iter();
        let flags =
            flags.map(|(spanish, english)| (format!("--{spanish}"), format!("--{english}")));
        let commands = both
            .iter()
            .map(|(spanish, english)| ((*spanish).to_owned(), (*english).to_owned()));
        for (spanish, english) in flags.chain(commands) {
            let row = match is_spanish {
                true => format!("| `{spanish}` | `{english}` |"),
                false => format!("| `{english}` | `{spanish}` |"),
            };
            assert!(text.contains(&row), "{path}: {row}");
        }
    }
}
