//! Errors: what is wrong, with the value, and what to do about it.

use super::security;
use crate::{
    node::{StartError, StatisticsTrouble, client::ClientError},
    proto::ErrorCode,
    store::{StoreError, index::IgnoredReason},
};

/// Why a program does not start.
pub fn start(error: &StartError) -> String {
    match error {
        StartError::PortInUse(address) => format!(
            "el puerto {} está en uso ({address}): elige otro con --puerto, o 0 para uno libre",
            address.port()
        ),
        StartError::NotLocal(ip) => format!(
            "{ip} no es una dirección de esta máquina: usa en --ip una de ellas, o 0.0.0.0 para todas"
        ),
        StartError::PortDenied(address) => {
            format!("no está permitido escuchar en {address}: elige con --puerto uno de 1024 o más")
        }
        StartError::Listen { address, source } => {
            format!("no se puede escuchar en {address}: {source}")
        }
        StartError::NumberInUse { number, message } => format!(
            "el número {number} lo tiene otro secundario que está vivo ({message}): elige otro con \
             --numero, o para al otro"
        ),
        StartError::Refused { message } => format!("el central no lo admite: {message}"),
        StartError::Denied(denied) => security::denied(denied),
        StartError::Store(error) => store(error),
    }
}

/// Trouble with a file or folder.
pub fn store(error: &StoreError) -> String {
    let path = error.path().display();
    match error {
        StoreError::NotFound(_) => format!("{path}: no existe"),
        StoreError::Denied(_) => {
            format!("{path}: permiso denegado; cambia sus permisos o elige otra carpeta")
        }
        StoreError::ReadOnly(_) => {
            format!("{path}: está en un disco de solo lectura; elige otra carpeta")
        }
        StoreError::DiskFull(_) => format!(
            "{path}: no queda sitio en el disco; libera espacio y pídelo otra vez: lo recibido se \
             conserva"
        ),
        StoreError::NotADirectory(_) => format!("{path}: no es una carpeta; elige otra"),
        StoreError::Exists(_) => format!(
            "{path}: ya existe con otro contenido y no se toca; muévelo, o usa --sobrescribir"
        ),
        StoreError::Busy(_) => format!("{path}: otro proceso está trabajando con él"),
        StoreError::Changed(_) => format!("{path}: cambió mientras se usaba"),
        StoreError::TooLarge(_) => format!("{path}: demasiado grande para este disco"),
        StoreError::NoDescriptor(_) => format!(
            "{path}: demasiados ficheros abiertos; sube el límite con «ulimit -n» y vuelve a arrancar"
        ),
        StoreError::Other { message, .. } => format!("{path}: {message}"),
    }
}

/// Trouble with a statistics file.
pub fn statistics(trouble: &StatisticsTrouble) -> String {
    match trouble {
        StatisticsTrouble::SetAside { path, to, reason } => format!(
            "Estadísticas: {} no se entiende ({}) y queda guardado como {}; se empieza de cero",
            path.display(),
            super::clean(reason),
            to.display()
        ),
        StatisticsTrouble::Failed(error) => format!("Estadísticas: {}", store(error)),
    }
}

/// Why something in a served folder is not served.
pub fn ignored(reason: &IgnoredReason) -> String {
    match reason {
        IgnoredReason::NotUtf8 => "su nombre no es UTF-8".to_owned(),
        IgnoredReason::Name(error) => format!("su nombre no se puede pedir ({error})"),
        IgnoredReason::Symlink => "es un enlace simbólico".to_owned(),
        IgnoredReason::NotAFile => "no es un fichero normal".to_owned(),
        IgnoredReason::TooDeep => "está bajo demasiadas carpetas".to_owned(),
        IgnoredReason::TooLarge => "es mayor de 16 TiB".to_owned(),
        IgnoredReason::TooMany => "hay demasiados ficheros".to_owned(),
        IgnoredReason::Unreadable(error) => format!("no se puede leer: {error}"),
    }
}

/// A refusal of the central that has no words of its own.
pub fn refused(code: ErrorCode, message: &str) -> String {
    match code {
        ErrorCode::NotReady => "el sistema aún no está sincronizado: espera un poco".to_owned(),
        ErrorCode::NotFound => "no existe tal video en ningún secundario vivo".to_owned(),
        ErrorCode::LimitExceeded => format!("hay demasiadas peticiones: espera ({message})"),
        ErrorCode::Expelled => {
            "el administrador te ha expulsado: espera un minuto para volver".to_owned()
        }
        ErrorCode::SecretRequired
        | ErrorCode::WrongSecret
        | ErrorCode::TlsRequired
        | ErrorCode::NoTls
        | ErrorCode::WrongProtocol
        | ErrorCode::BadMessage
        | ErrorCode::NotEnrolled
        | ErrorCode::NumberInUse
        | ErrorCode::NumberNotAllowed
        | ErrorCode::NoSuchContent
        | ErrorCode::FileChanged
        | ErrorCode::ReadFailed
        | ErrorCode::Stopping
        | ErrorCode::TimedOut
        | ErrorCode::Internal
        | ErrorCode::Unknown => format!("el central lo rechaza: {message}"),
    }
}

/// Why a request of a client came to nothing.
pub fn client(error: &ClientError) -> String {
    match error {
        ClientError::NotEnrolled => {
            "no estás inscrito: escribe primero INSCRIBIR <nombre>".to_owned()
        }
        ClientError::NotReady => {
            "el sistema aún no está sincronizado: espera a que haya secundarios y pídelo otra vez"
                .to_owned()
        }
        ClientError::NotFound => "no existe tal video: LISTA_VIDEOS muestra los que hay".to_owned(),
        ClientError::Unreachable(reason) => {
            format!("no se puede conectar con el central ({reason}); se reintenta solo")
        }
        ClientError::Denied(denied) => security::denied(denied),
        ClientError::AlreadyRunning(number) => {
            format!("ya se está descargando: es la descarga {}", number.0)
        }
        ClientError::Refused { code, message } => refused(*code, message),
        ClientError::Stopped => "el cliente se está parando".to_owned(),
    }
}
