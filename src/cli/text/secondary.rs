//! What happens at a secondary.

use super::{
    central::to as to_whom,
    clean, errors, list, security,
    table::table,
    transfer,
    units::{bytes, rate, time},
};
use crate::node::secondary::{NoLongerServing, RunningKind, RunningTransfer, SecondaryEvent};

/// One event, in a line.
pub fn event(event: &SecondaryEvent) -> String {
    match event {
        SecondaryEvent::Enrolled {
            central,
            again: false,
        } => format!("Inscrito en el central {central}"),
        SecondaryEvent::Enrolled { central, .. } => {
            format!("Inscrito de nuevo en el central {central}")
        }
        SecondaryEvent::CentralLost { reason } => {
            format!("Sin conexión con el central ({reason}): se reintenta solo")
        }
        SecondaryEvent::Denied(denied) => {
            format!("Sin conexión con el central: {}", security::denied(denied))
        }
        SecondaryEvent::Reindexing => {
            "Se vuelve a leer toda la carpeta; mientras tanto se sigue sirviendo".to_owned()
        }
        SecondaryEvent::FolderRead { files, bytes: size } => {
            format!("Carpeta leída: {files} ficheros, {}", bytes(*size))
        }
        SecondaryEvent::Serving { file, bytes: size } => {
            format!("Se sirve {} ({})", clean(file.as_str()), bytes(*size))
        }
        SecondaryEvent::NoLongerServing { file, why } => {
            let why = match why {
                NoLongerServing::Deleted => "se ha borrado",
                NoLongerServing::Changed => "ha cambiado o no se puede leer",
                NoLongerServing::SetAside => {
                    "se borró en otro secundario; esta copia queda en .trozos/retirados"
                }
            };
            format!("Ya no se sirve {}: {why}", clean(file.as_str()))
        }
        SecondaryEvent::Ignored { path, reason } => {
            format!("No se sirve {}: {}", clean(path), errors::ignored(reason))
        }
        SecondaryEvent::CopyStarted {
            file,
            bytes: size,
            sources,
        } => format!(
            "Copiando {} ({}) de los secundarios {}",
            clean(file.as_str()),
            bytes(*size),
            list(sources)
        ),
        SecondaryEvent::CopyNotice { file, notice } => {
            format!(
                "Copia de {}: {}",
                clean(file.as_str()),
                transfer::notice(notice)
            )
        }
        SecondaryEvent::Copied { file, from, took } => {
            let total: u64 = from.iter().map(|(_, bytes)| bytes).sum();
            let shares = from
                .iter()
                .filter(|(_, size)| *size > 0)
                .map(|(number, size)| format!("{} del {number}", bytes(*size)));
            let done = format!("Copiado y verificado {}", clean(file.as_str()));
            if total == 0 {
                return done;
            }
            format!(
                "{done} en {} ({}): {}",
                time(*took),
                rate(total as f64 / took.as_secs_f64().max(0.001)),
                list(shares)
            )
        }
        SecondaryEvent::CopyFailed { file, reason } => format!(
            "La copia de {} no pudo terminar: {}",
            clean(file.as_str()),
            transfer::failure(reason)
        ),
        SecondaryEvent::SendingTo { receiver: to, file } => {
            format!("Enviando {} {}", clean(file.as_str()), to_whom(to))
        }
        SecondaryEvent::SentTo {
            receiver: to,
            file,
            bytes: size,
        } => format!(
            "Enviados {} de {} {}",
            bytes(*size),
            clean(file.as_str()),
            to_whom(to)
        ),
        SecondaryEvent::BadPeer { address, reason } => {
            format!("Conexión de {address} rechazada: {}", clean(reason))
        }
        SecondaryEvent::Refused { message } => {
            format!(
                "El central no admite más a este secundario: {}",
                clean(message)
            )
        }
        SecondaryEvent::FolderGone(error) => format!(
            "La carpeta ya no se puede leer ({}): no se sirve nada de ella hasta que vuelva",
            errors::store(error)
        ),
        SecondaryEvent::FolderBack => "La carpeta vuelve a estar: se lee de nuevo".to_owned(),
        SecondaryEvent::Statistics(trouble) => errors::statistics(trouble),
    }
}

/// Transfers that run now.
pub fn running(transfers: &[RunningTransfer]) -> Vec<String> {
    if transfers.is_empty() {
        return vec!["No hay ninguna transferencia en curso".to_owned()];
    }
    let rows: Vec<Vec<String>> = transfers
        .iter()
        .map(|transfer| {
            let (what, how_far) = match &transfer.kind {
                RunningKind::Sending {
                    receiver: to,
                    bytes: size,
                } => (format!("se envía {}", to_whom(to)), bytes(*size)),
                RunningKind::Copying { snapshot } => (
                    "se copia de otros secundarios".to_owned(),
                    transfer::progress(snapshot),
                ),
            };
            vec![transfer.file.to_string(), what, how_far]
        })
        .collect();
    table(&["video", "qué pasa", "va por"], &rows)
}
