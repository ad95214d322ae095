//! What flags, commands, values and sections are called in each language. Both names are always understood; help, completions
//! and messages show those of the session. In code, and as ids, all have their Spanish names.

use super::text::language::{self, Language};

/// Flags by their names in Spanish and in English. Keys of the configuration file are called the same, and variables
/// after them.
pub const FLAGS: &[(&str, &str)] = &[
    ("admin-contrasena-archivo", "admin-password-file"),
    ("admin-en-claro", "admin-in-clear"),
    ("al-terminar", "on-complete"),
    ("anunciar", "announce"),
    ("borrar", "delete"),
    ("campana", "bell"),
    ("centrales", "centrals"),
    ("cifras-a-cero", "figures-reset"),
    ("cifras-http", "figures-http"),
    ("cifras-tcp", "figures-tcp"),
    ("cifras-tcp-procesos", "figures-tcp-processes"),
    ("cifras-udp", "figures-udp"),
    ("clave-archivo", "secret-file"),
    ("como", "as"),
    ("companeros", "peers"),
    ("compartir", "share"),
    ("cuentas", "accounts"),
    ("destino", "destination"),
    ("detallado", "verbose"),
    ("diario", "journal"),
    ("directorio", "folder"),
    ("en", "at"),
    ("ensayo", "dry-run"),
    ("espejo", "mirror"),
    ("espera-fuentes", "source-wait"),
    ("estadisticas", "statistics"),
    ("excluir", "exclude"),
    ("generar", "generate"),
    ("grupo", "group"),
    ("guardar", "keep"),
    ("hasta-cerrar", "until-closed"),
    ("horas", "hours"),
    ("http-nombre", "http-name"),
    ("idioma", "language"),
    ("incluir", "include"),
    ("ip-anunciada", "advertised-ip"),
    ("ip-central", "central-ip"),
    ("limite-bajada", "download-limit"),
    ("limite-subida", "upload-limit"),
    ("max-clientes", "max-clients"),
    ("max-ver", "max-viewers"),
    ("migrar-cada", "migrate-every"),
    ("mostrar-config", "show-config"),
    ("motor", "engine"),
    ("motor-ca", "engine-ca"),
    ("motor-cert", "engine-cert"),
    ("motor-clave", "engine-key"),
    ("nodo", "node"),
    ("nombre", "name"),
    ("numero", "number"),
    ("olvidar-discos", "forget-disks"),
    ("para", "for"),
    ("pasarela", "gateway"),
    ("por-contenido", "checksum"),
    ("progreso", "progress"),
    ("publicar-desde", "publish-from"),
    ("puerto", "port"),
    ("puerto-central", "central-port"),
    ("puerto-companeros", "peers-port"),
    ("puerto-secundarios", "secondaries-port"),
    ("reemplazar", "replace"),
    ("registro", "log"),
    ("registro-archivo", "log-file"),
    ("registro-formato", "log-format"),
    ("repaso", "poll"),
    ("repaso-digests", "scrub"),
    ("reposo", "quiet-time"),
    ("reproductor", "player"),
    ("retirados-dias", "retired-days"),
    ("retirados-max", "retired-max"),
    ("salida", "output"),
    ("secundarios", "secondaries"),
    ("servir", "serve"),
    ("servir-en", "serve-on"),
    ("si", "yes"),
    ("silencioso", "quiet"),
    ("sin-companeros", "without-peers"),
    ("sin-consola", "no-console"),
    ("sobrescribir", "overwrite"),
    ("tls-clave", "tls-key"),
    ("todo", "all"),
    ("tras", "after"),
];

/// Flags that are called the same in both languages.
pub const SAME_IN_BOTH: &[&str] = &[
    "config", "demo", "http", "ip", "json", "socket", "tls-ca", "tls-cert", "ttl",
];

/// Commands of the command lines, with the other words that people try.
const COMMANDS: &[(&str, &str, &[&str])] = &[
    ("certificados", "certificates", &[]),
    ("auditor", "auditor", &[]),
    ("baja", "unregister", &[]),
    ("conectar", "connect", &[]),
    ("contenido", "content", &["list-content"]),
    ("desconectar", "disconnect", &[]),
    ("certificados-motor", "engine-certificates", &[]),
    ("consola", "console", &[]),
    ("descargar", "get", &["download", "video", "bajar"]),
    ("diario", "journal", &[]),
    ("enlace", "link", &[]),
    ("estado", "status", &[]),
    (
        "listar",
        "list",
        &["lista", "lista-videos", "lista_videos", "ls"],
    ),
    ("publicar", "publish", &[]),
    ("registrar", "register", &[]),
    ("retirar", "withdraw", &["delete"]),
    ("traer", "get-file", &["fetch"]),
    ("usuarios", "list-users", &["list_users"]),
    ("ver", "watch", &[]),
    ("verificar", "verify", &[]),
];

/// Words that ask for help where a command could be.
const HELP: &[&str] = &["ayuda", "help", "h", "?"];

/// Sections of the configuration file.
const SECTIONS: &[(&str, &str)] = &[("secundario", "secondary"), ("cliente", "client")];

/// The folder of downloads where no other is named, in Spanish and in English.
const DOWNLOADS: (&str, &str) = ("data/descargas", "data/downloads");

/// Values that are words.
const VALUES: &[(&str, &str)] = &[
    ("si", "yes"),
    ("texto", "text"),
    ("ver", "show"),
    ("comprobar", "check"),
    ("restaurar", "restore"),
];

fn of_language(name: &str, table: &[(&'static str, &'static str)]) -> String {
    let pair = table.iter().find(|(spanish, _)| *spanish == name);
    match (pair, language::chosen()) {
        (Some((_, english)), Language::English) => (*english).to_owned(),
        _ => name.to_owned(),
    }
}

/// A flag as the session calls it, without hyphens before it.
pub fn flag(name: &str) -> String {
    of_language(name, FLAGS)
}

/// The same with its hyphens.
pub fn dashed(name: &str) -> String {
    format!("--{}", flag(name))
}

/// The English name of a flag that has one of its own.
pub fn english(name: &str) -> Option<&'static str> {
    let pair = FLAGS.iter().find(|(spanish, _)| *spanish == name);
    pair.map(|(_, english)| *english)
}

/// The Spanish name of a flag, by either; what is none stays as it is.
pub fn spanish(name: &str) -> &str {
    let pair = FLAGS.iter().find(|(_, english)| *english == name);
    pair.map_or(name, |(spanish, _)| spanish)
}

/// A command as the session calls it.
pub fn command(name: &str) -> String {
    let entry = COMMANDS.iter().find(|(spanish, ..)| *spanish == name);
    match (entry, language::chosen()) {
        (Some((_, english, _)), Language::English) => (*english).to_owned(),
        _ => name.to_owned(),
    }
}

/// The English name of a command of a command line.
pub fn english_command(name: &str) -> Option<&'static str> {
    let entry = COMMANDS.iter().find(|(spanish, ..)| *spanish == name);
    entry.map(|(_, english, _)| *english)
}

/// What a command is called besides.
pub fn other_names(name: &str) -> impl Iterator<Item = &'static str> + use<> {
    let entry = COMMANDS.iter().find(|(spanish, ..)| *spanish == name);
    let names =
        entry.map(|(_, english, others)| std::iter::once(*english).chain(others.iter().copied()));
    names.into_iter().flatten()
}

/// True for a word that asks for help.
pub fn is_help(word: &str) -> bool {
    HELP.iter().any(|help| word.eq_ignore_ascii_case(help))
}

/// A section of the configuration file, by either name.
pub fn section(name: &str) -> &str {
    let pair = SECTIONS.iter().find(|(_, english)| *english == name);
    pair.map_or(name, |(spanish, _)| spanish)
}

/// The folder of downloads where no other is named: the one that is there by either name, so that what was begun in one
/// language goes on in another; where neither is, as the session calls it.
pub fn downloads_folder(is_there: impl Fn(&str) -> bool) -> &'static str {
    let (spanish, english) = DOWNLOADS;
    let (own, other) = match language::chosen() {
        Language::Spanish => (spanish, english),
        Language::English => (english, spanish),
    };
    if is_there(other) && !is_there(own) {
        other
    } else {
        own
    }
}

/// A value as the session calls it.
pub fn value(name: &str) -> String {
    of_language(name, VALUES)
}

/// What a value is called besides.
pub fn other_value(name: &str) -> Option<&'static str> {
    let (spanish, english) = VALUES.iter().find(|(spanish, _)| *spanish == name)?;
    Some(match language::chosen() {
        Language::English => spanish,
        Language::Spanish => english,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_means_two_flags() {
        let (spanish, english): (Vec<_>, Vec<_>) = FLAGS.iter().copied().unzip();
        let all = spanish.iter().chain(&english).chain(SAME_IN_BOTH);
        let different: BTreeSet<_> = all.clone().collect();
        assert_eq!(all.count(), different.len());
        assert_eq!(super::spanish("central-port"), "puerto-central");
        assert_eq!(super::spanish("puerto"), "puerto");
        assert_eq!(super::english("puerto"), Some("port"));
        assert_eq!(super::english("ip"), None);
    }

    #[test]
    fn a_folder_that_is_there_is_used_whatever_it_is_called() {
        let (spanish, english) = DOWNLOADS;
        for (there, folder) in [
            (&[][..], spanish),
            (&[english], english),
            (&[spanish], spanish),
            (&[spanish, english], spanish),
        ] {
            assert_eq!(downloads_folder(|name| there.contains(&name)), folder);
        }
    }

    #[test]
    fn sections_and_help_have_both_names() {
        assert_eq!(section("client"), "cliente");
        assert_eq!(section("central"), "central");
        assert!(is_help("AYUDA") && is_help("help") && !is_help("estado"));
        assert!(other_names("listar").any(|name| name == "list"));
    }
}
