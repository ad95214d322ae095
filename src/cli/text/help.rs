//! The commands of each program.

/// A command and what it does.
pub type Entry = (&'static str, &'static str);

/// Commands that every program has.
pub const COMMON: &[Entry] = &[
    ("H, HELP, AYUDA", "muestra esta ayuda"),
    (
        "SALIR (o Ctrl-D)",
        "para el programa y guarda sus estadísticas",
    ),
];

/// Commands of a client.
pub const CLIENT: &[Entry] = &[
    (
        "INSCRIBIR <nombre>",
        "da o cambia tu nombre; hace falta antes de la primera descarga",
    ),
    ("LISTA_VIDEOS", "los videos que se pueden descargar"),
    ("VIDEO <nombre>", "descarga uno, en segundo plano"),
    ("ESTADO", "tus descargas y el estado del sistema"),
    (
        "CANCELAR <número>",
        "deja una descarga; lo recibido se conserva",
    ),
];

/// Commands of a central.
pub const CENTRAL: &[Entry] = &[
    (
        "NUMERO_DESCARGAS_VIDEO",
        "descargas completas de cada video",
    ),
    ("VIDEOS_CLIENTE", "descargas completas de cada cliente"),
    ("ESTADO", "el estado del sistema"),
];

/// Commands of a secondary.
pub const SECONDARY: &[Entry] = &[
    (
        "VIDEOS_DESCARGANDO",
        "transferencias en curso, copias incluidas",
    ),
    (
        "VIDEOS_DESCARGADOS",
        "descargas completas de cada video en las que tomó parte",
    ),
];

/// Lines of help.
pub fn lines(groups: &[&[Entry]]) -> Vec<String> {
    let entries = || groups.iter().flat_map(|group| group.iter());
    let width = entries().map(|(c, _)| c.chars().count()).max().unwrap_or(0);
    entries()
        .map(|(command, what)| {
            let fill = " ".repeat(width - command.chars().count());
            format!("  {command}{fill}  {what}")
        })
        .collect()
}
