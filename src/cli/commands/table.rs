//! The commands of each program: the original's names first, then English ones, then what people try besides.

use crate::{
    cli::text::language::{self, Language},
    engine::fold::fold,
};

/// A command.
#[derive(Clone, Copy, Debug)]
pub struct Entry<V> {
    /// What it does.
    pub verb: V,
    /// Its names, in capitals. The first is the original's, or Spanish; the second is English; of the others, Spanish ones
    /// come before English ones.
    pub names: &'static [&'static str],
    /// Of its texts: `command-<id>` says what it does, with `.usage` and `.example`.
    pub id: &'static str,
}

/// A command of a table.
pub(in crate::cli) const fn entry<V>(
    verb: V,
    id: &'static str,
    names: &'static [&'static str],
) -> Entry<V> {
    Entry { verb, names, id }
}

/// The command of such a name, however it is written.
pub(in crate::cli) fn find<V>(table: &'static [Entry<V>], word: &str) -> Option<&'static Entry<V>> {
    let upper = fold(word).to_uppercase();
    table
        .iter()
        .find(|entry| entry.names.contains(&upper.as_str()))
}

/// The name of a command that goes with the language.
pub(in crate::cli) fn in_language(names: &'static [&'static str]) -> &'static str {
    let place = usize::from(language::chosen() == Language::English);
    names.get(place).or(names.first()).copied().unwrap_or("")
}

/// The names of a command: that of the language first, then the others that it has in it.
pub(in crate::cli) fn by_language(
    names: &'static [&'static str],
    language: Language,
) -> Vec<&'static str> {
    match (language, names) {
        (Language::English, [spanish, english, others @ ..]) => {
            let mut all = vec![*english];
            all.extend(others.iter().rev());
            all.push(spanish);
            all
        }
        (Language::Spanish, _) | (Language::English, _) => names.to_vec(),
    }
}

/// What every program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Each is a command of the table below, whose texts say what it does.
pub enum CommonVerb {
    Help,
    Quit,
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // As above.
pub enum ClientVerb {
    Enrol,
    Name,
    List,
    Search,
    Download,
    Status,
    Detail,
    Pause,
    Resume,
    Cancel,
    Priority,
    Verify,
    Limit,
    UploadLimit,
    Watch,
    Room(RoomVerb),
    Publish,
    Withdraw,
    Content,
    Bring,
    Register,
    Unregister,
    Connect,
    Disconnect,
    Users,
    Figure,
    Figures,
}

/// What a command about rooms does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // As above.
pub enum RoomVerb {
    Enter,
    Say,
    Tell,
    Rooms,
    History,
    Leave,
    Channel,
    Put,
    Finish,
}

/// What a central does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // As above.
pub enum CentralVerb {
    PerFile,
    PerClient,
    Status,
    Secondaries,
    Clients,
    Queue,
    Expel,
    Drain,
    Conflicts,
    Resolve,
    Statistics,
    Centrals,
    Migrate,
    Accounts,
    Account,
    FreeName,
    Audit,
    Figure,
    Figures,
    Info,
}

/// What a secondary does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // As above.
pub enum SecondaryVerb {
    Running,
    Downloads,
    Status,
    Reindex,
    Retired,
    Recover,
    Empty,
    Limit,
    Statistics,
}

/// Commands that every program has.
pub const COMMON: &[Entry<CommonVerb>] = &[
    entry(CommonVerb::Help, "help", &["AYUDA", "HELP", "H", "?"]),
    entry(CommonVerb::Quit, "quit", &["SALIR", "QUIT", "EXIT", "Q"]),
];

/// Commands of a client.
pub const CLIENT: &[Entry<ClientVerb>] = &[
    entry(
        ClientVerb::Enrol,
        "enrol",
        &["INSCRIBIR", "ENROL", "ENROLL"],
    ),
    entry(ClientVerb::Name, "name", &["NOMBRE", "NAME"]),
    entry(
        ClientVerb::List,
        "list",
        &["LISTA_VIDEOS", "LIST", "LISTA", "LISTAR", "LS"],
    ),
    entry(ClientVerb::Search, "search", &["BUSCAR", "SEARCH", "FIND"]),
    entry(
        ClientVerb::Download,
        "download",
        &["VIDEO", "GET", "DESCARGAR", "BAJAR", "DOWNLOAD"],
    ),
    entry(ClientVerb::Status, "client-status", &["ESTADO", "STATUS"]),
    entry(ClientVerb::Detail, "detail", &["DETALLE", "DETAIL"]),
    entry(ClientVerb::Pause, "pause", &["PAUSAR", "PAUSE"]),
    entry(ClientVerb::Resume, "resume", &["REANUDAR", "RESUME"]),
    entry(ClientVerb::Cancel, "cancel", &["CANCELAR", "CANCEL"]),
    entry(ClientVerb::Priority, "priority", &["PRIORIDAD", "PRIORITY"]),
    entry(ClientVerb::Verify, "verify", &["VERIFICAR", "VERIFY"]),
    entry(
        ClientVerb::Limit,
        "download-limit",
        &["LIMITE_BAJADA", "DOWNLOAD_LIMIT"],
    ),
    entry(
        ClientVerb::UploadLimit,
        "upload-limit",
        &["LIMITE", "LIMIT"],
    ),
    entry(ClientVerb::Watch, "watch", &["VER", "WATCH"]),
    entry(
        ClientVerb::Room(RoomVerb::Enter),
        "room",
        &["SALA", "ROOM", "JOIN"],
    ),
    entry(ClientVerb::Room(RoomVerb::Say), "say", &["DECIR", "SAY"]),
    entry(
        ClientVerb::Room(RoomVerb::Tell),
        "tell",
        &["A", "TO", "TELL"],
    ),
    entry(
        ClientVerb::Room(RoomVerb::Rooms),
        "rooms",
        &["SALAS", "ROOMS"],
    ),
    entry(
        ClientVerb::Room(RoomVerb::History),
        "room-history",
        &["HISTORIA", "HISTORY"],
    ),
    entry(
        ClientVerb::Room(RoomVerb::Leave),
        "leave",
        &["DEJAR", "LEAVE"],
    ),
    entry(
        ClientVerb::Room(RoomVerb::Channel),
        "channel",
        &["CANAL", "CHANNEL"],
    ),
    entry(ClientVerb::Room(RoomVerb::Put), "put", &["ENCARGAR", "PUT"]),
    entry(
        ClientVerb::Room(RoomVerb::Finish),
        "done",
        &["HECHO", "DONE"],
    ),
    entry(ClientVerb::Publish, "publish", &["PUBLICAR", "PUBLISH"]),
    entry(
        ClientVerb::Withdraw,
        "withdraw",
        &["RETIRAR", "DELETE", "WITHDRAW"],
    ),
    entry(
        ClientVerb::Content,
        "content",
        &["CONTENIDO", "LIST_CONTENT", "CONTENT"],
    ),
    entry(ClientVerb::Bring, "bring", &["TRAER", "GET_FILE"]),
    entry(ClientVerb::Register, "register", &["REGISTRAR", "REGISTER"]),
    entry(ClientVerb::Connect, "connect", &["CONECTAR", "CONNECT"]),
    entry(
        ClientVerb::Disconnect,
        "disconnect",
        &["DESCONECTAR", "DISCONNECT"],
    ),
    entry(
        ClientVerb::Unregister,
        "unregister",
        &["BAJA", "UNREGISTER"],
    ),
    entry(ClientVerb::Users, "users", &["USUARIOS", "LIST_USERS"]),
    entry(ClientVerb::Figure, "figure", &["CIFRA", "FIGURE"]),
    entry(ClientVerb::Figures, "figures", &["CIFRAS", "FIGURES"]),
];

/// Commands of a central.
pub const CENTRAL: &[Entry<CentralVerb>] = &[
    entry(
        CentralVerb::PerFile,
        "per-file",
        &["NUMERO_DESCARGAS_VIDEO", "DOWNLOADS"],
    ),
    entry(
        CentralVerb::PerClient,
        "per-client",
        &["VIDEOS_CLIENTE", "CLIENT_DOWNLOADS"],
    ),
    entry(CentralVerb::Status, "central-status", &["ESTADO", "STATUS"]),
    entry(
        CentralVerb::Secondaries,
        "secondaries",
        &["SECUNDARIOS", "SECONDARIES"],
    ),
    entry(
        CentralVerb::Centrals,
        "centrals",
        &["CENTRALES", "CENTRALS"],
    ),
    entry(CentralVerb::Clients, "clients", &["CLIENTES", "CLIENTS"]),
    entry(CentralVerb::Accounts, "accounts", &["CUENTAS", "ACCOUNTS"]),
    entry(CentralVerb::Account, "account", &["CUENTA", "ACCOUNT"]),
    entry(CentralVerb::FreeName, "free-name", &["LIBERAR", "RELEASE"]),
    entry(CentralVerb::Audit, "audit", &["AUDITORIA", "AUDIT"]),
    entry(CentralVerb::Queue, "queue", &["COLA", "QUEUE"]),
    entry(CentralVerb::Expel, "expel", &["EXPULSAR", "EXPEL", "KICK"]),
    entry(CentralVerb::Drain, "drain", &["DRENAR", "DRAIN"]),
    entry(CentralVerb::Migrate, "migrate", &["MIGRAR", "MIGRATE"]),
    entry(
        CentralVerb::Conflicts,
        "conflicts",
        &["CONFLICTOS", "CONFLICTS"],
    ),
    entry(CentralVerb::Resolve, "resolve", &["RESOLVER", "RESOLVE"]),
    entry(
        CentralVerb::Statistics,
        "statistics",
        &["ESTADISTICAS", "STATISTICS", "STATS"],
    ),
    entry(CentralVerb::Figure, "figure", &["CIFRA", "FIGURE"]),
    entry(CentralVerb::Figures, "figures", &["CIFRAS", "FIGURES"]),
    entry(CentralVerb::Info, "info", &["INFO", "INFORMATION"]),
];

/// Commands of a secondary.
pub const SECONDARY: &[Entry<SecondaryVerb>] = &[
    entry(
        SecondaryVerb::Running,
        "transfers",
        &["VIDEOS_DESCARGANDO", "TRANSFERS"],
    ),
    entry(
        SecondaryVerb::Downloads,
        "taken-part",
        &["VIDEOS_DESCARGADOS", "DOWNLOADS"],
    ),
    entry(
        SecondaryVerb::Status,
        "secondary-status",
        &["ESTADO", "STATUS"],
    ),
    entry(SecondaryVerb::Reindex, "reindex", &["REINDEXAR", "REINDEX"]),
    entry(SecondaryVerb::Retired, "retired", &["RETIRADOS", "RETIRED"]),
    entry(SecondaryVerb::Recover, "recover", &["RECUPERAR", "RECOVER"]),
    entry(SecondaryVerb::Empty, "empty", &["VACIAR", "EMPTY"]),
    entry(SecondaryVerb::Limit, "limit", &["LIMITE", "LIMIT"]),
    entry(
        SecondaryVerb::Statistics,
        "statistics",
        &["ESTADISTICAS", "STATISTICS", "STATS"],
    ),
];
