//! The two languages of the pages, and what things are called in them.

use std::collections::BTreeMap;

use trozos::cli::{
    commands::{CENTRAL, CLIENT, COMMON, SECONDARY},
    names::FLAGS,
};

/// A language of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Language {
    /// As `--idioma` has it.
    pub(crate) tag: &'static str,
    /// As it calls itself.
    pub(crate) name: &'static str,
}

pub(crate) const SPANISH: Language = Language {
    tag: "es",
    name: "Español",
};
pub(crate) const ENGLISH: Language = Language {
    tag: "en",
    name: "English",
};

/// Commands of the command lines, besides those of the prompts.
pub(crate) const COMMANDS: &[(&str, &str)] = &[
    ("auditor", "auditor"),
    ("baja", "unregister"),
    ("certificados", "certificates"),
    ("certificados-motor", "engine-certificates"),
    ("conectar", "connect"),
    ("consola", "console"),
    ("contenido", "content"),
    ("descargar", "get"),
    ("desconectar", "disconnect"),
    ("diario", "journal"),
    ("enlace", "link"),
    ("estado", "status"),
    ("listar", "list"),
    ("publicar", "publish"),
    ("registrar", "register"),
    ("retirar", "withdraw"),
    ("traer", "get-file"),
    ("usuarios", "list-users"),
    ("ver", "watch"),
    ("verificar", "verify"),
];

/// What makes completions and manual pages; it is in no help.
pub(crate) const GENERATE: &[(&str, &str)] = &[("generar", "generate")];

/// What follows a command of a prompt as an option; it is in no help of a command line.
pub(crate) const AT_PROMPTS: &[(&str, &str)] = &[
    ("abre-con", "opens-with"),
    ("efimera", "ephemeral"),
    ("historia", "history"),
];

/// Sections of the configuration file, and values.
const OTHERS: &[(&str, &str)] = &[
    ("secundario", "secondary"),
    ("cliente", "client"),
    ("texto", "text"),
];

/// What the pages themselves call files and people in their examples.
const EXAMPLES: &[(&str, &str)] = &[
    ("pelicula.mp4", "film.mp4"),
    ("copia.tar", "backup.tar"),
    ("serie", "series"),
    ("grupo", "cluster"),
    ("hecho", "made"),
    ("catalogar.sh", "index.sh"),
    ("Descargado", "Downloaded"),
    ("lun-vie", "mon-fri"),
    ("sáb-dom", "sat-sun"),
    ("no", "off"),
    ("clave", "secret"),
    ("central-clave.pem", "central-key.pem"),
    ("10.0.0.2-clave.pem", "10.0.0.2-key.pem"),
    ("descargas", "downloads"),
    ("votos", "votes"),
];

/// Names of the prompts' commands in Spanish and in English, in capitals.
pub(crate) fn prompt_commands() -> Vec<(&'static str, &'static str)> {
    let names = [
        COMMON.iter().map(|entry| entry.names).collect::<Vec<_>>(),
        CLIENT.iter().map(|entry| entry.names).collect(),
        CENTRAL.iter().map(|entry| entry.names).collect(),
        SECONDARY.iter().map(|entry| entry.names).collect(),
    ];
    let names = names.into_iter().flatten();
    names.map(|names| (names[0], names[1])).collect()
}

/// An order is a command of a prompt in lower case, with hyphens.
pub(crate) fn order(command: &str) -> String {
    command.to_lowercase().replace('_', "-")
}

/// English words of our programs and what they are in Spanish.
fn dictionary() -> BTreeMap<String, String> {
    let mut dictionary = BTreeMap::new();
    let mut add = |english: &str, spanish: &str| {
        // The first counts: `get` is `descargar` on a command line.
        let entry = dictionary.entry(english.to_owned());
        entry.or_insert_with(|| spanish.to_owned());
    };
    for (spanish, english) in FLAGS.iter().chain(GENERATE).chain(AT_PROMPTS) {
        add(english, spanish);
        add(&format!("--{english}"), &format!("--{spanish}"));
    }
    for (spanish, english) in COMMANDS.iter().chain(OTHERS) {
        add(english, spanish);
    }
    for (spanish, english) in prompt_commands() {
        add(english, spanish);
        add(&order(english), &order(spanish));
    }
    dictionary
}

fn examples() -> BTreeMap<String, String> {
    let pairs = EXAMPLES.iter();
    pairs
        .map(|(spanish, english)| ((*english).to_owned(), (*spanish).to_owned()))
        .collect()
}

/// A command line of a page in English with Spanish names. What stands before our programs is said to others.
pub(crate) fn line_in_spanish(line: &str) -> String {
    let ours = ["video", "OPCIONES"].map(|start| line.find(start));
    let start = ours.into_iter().flatten().min().unwrap_or(line.len());
    let (others, ours) = line.split_at(start);
    replaced(
        &format!("{others}{}", replaced(ours, &dictionary())),
        &examples(),
    )
}

/// A configuration of a page in English with Spanish names.
pub(crate) fn keys_in_spanish(text: &str) -> String {
    replaced(text, &dictionary())
}

fn replaced(text: &str, dictionary: &BTreeMap<String, String>) -> String {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut result = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if is_of_word(c) {
            word.push(c);
            continue;
        }
        result.push_str(dictionary.get(&word).unwrap_or(&word));
        word.clear();
        result.push(c);
    }
    result.pop();
    result
}

#[test]
fn words_of_one_language_become_those_of_the_other() {
    for (english, spanish) in [
        (
            "videocliente get film.mp4 'series/*' --central-ip=10.0.0.2",
            "videocliente descargar pelicula.mp4 'serie/*' --ip-central=10.0.0.2",
        ),
        (
            "podman run --name x trozos videosecundario --number 1",
            "podman run --name x trozos videosecundario --numero 1",
        ),
        (
            "sudo videocentral client-downloads",
            "sudo videocentral videos-cliente",
        ),
        ("cp film.mp4 x", "cp pelicula.mp4 x"),
    ] {
        assert_eq!(line_in_spanish(english), spanish);
    }
    assert_eq!(
        keys_in_spanish("[client]\nsource-wait = 1"),
        "[cliente]\nespera-fuentes = 1"
    );
}
