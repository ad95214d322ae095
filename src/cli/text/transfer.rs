//! What happens between a receiver and its sources: the same words for downloads and for copies.

use super::{
    table::table,
    units::{bytes, count, rate, time},
};
use crate::{
    engine::download::{FailReason, Notice, Snapshot, SourceState},
    model::{Fault, ReceivedFrom},
    node::Failure,
};

/// What is wrong with a secondary.
pub fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Unreachable => "no se puede conectar con él",
        Fault::Broken => "se cortó la conexión",
        Fault::Stalled => "no envía nada",
        Fault::Digest => "envió bytes equivocados",
        Fault::Refused => "dice que no puede enviarlo",
        Fault::Protocol => "no habla el protocolo",
    }
}

/// Trouble with a source, or its return.
pub fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Suspect { source } => {
            format!("el secundario {source} no envía nada por ahora: no se le pide más")
        }
        Notice::Cleared { source } => format!("el secundario {source} vuelve a enviar"),
        Notice::Dead {
            source,
            fault: why,
            returned_chunks,
        } => {
            let returned = count(
                u64::from(*returned_chunks),
                "trozo vuelve",
                "trozos vuelven",
            );
            format!(
                "el secundario {source} ha caído ({}): {returned} a repartirse; se avisó al central",
                fault(*why)
            )
        }
        Notice::Back {
            source,
            after,
            own_chunks,
        } => format!(
            "el secundario {source} ha vuelto tras {}: recupera {} de su parte que faltaban",
            time(*after),
            count(u64::from(*own_chunks), "trozo", "trozos")
        ),
        Notice::Banned {
            source,
            chunk: Some(chunk),
        } => format!(
            "el secundario {source} envió bytes equivocados en el trozo {chunk}: no se usa más para \
             este fichero; se avisó al central"
        ),
        Notice::Banned {
            source,
            chunk: None,
        } => format!(
            "el secundario {source} envió un manifiesto que no es el del catálogo: no se usa más para \
             este fichero; se avisó al central"
        ),
        Notice::NoSources { up_to } => format!(
            "no queda ningún secundario: se espera hasta {} a que vuelva alguno",
            time(*up_to)
        ),
        Notice::SourcesAgain { after } => {
            format!("hay secundarios de nuevo tras {}: sigue", time(*after))
        }
    }
}

/// Why a transfer came to nothing, and what to do.
pub fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Sources(FailReason::NoSources { waited }) => format!(
            "ningún secundario pudo enviarlo en {}; lo recibido se conserva: pídelo otra vez cuando \
             haya secundarios",
            time(*waited)
        ),
        Failure::Sources(FailReason::WrongManifest { chunk, sources }) => format!(
            "los secundarios {} y {} enviaron el trozo {chunk} con otro contenido que el anunciado: \
             el manifiesto no es bueno",
            sources[0], sources[1]
        ),
        Failure::Sources(FailReason::Local(reason)) => reason.clone(),
        Failure::Store(error) => super::errors::store(error),
        Failure::Refused { code, message } => super::errors::refused(*code, message),
    }
}

/// One line on how far a transfer is.
pub fn progress(snapshot: &Snapshot) -> String {
    let percent = super::units::percent(snapshot.have_bytes, snapshot.file_bytes);
    let mut line = format!("{percent} de {}", bytes(snapshot.file_bytes));
    if snapshot.waiting_for_sources {
        line.push_str(", esperando a que vuelva un secundario");
        return line;
    }
    line.push_str(&format!(", {}", rate(snapshot.rate_bytes_per_s)));
    if let Some(left) = snapshot.time_left {
        line.push_str(&format!(", faltan {}", time(left)));
    }
    let sources: Vec<String> = snapshot
        .sources
        .iter()
        .map(|source| {
            let number = source.received.number;
            match source.state {
                SourceState::Connecting => format!("{number}: conectando"),
                SourceState::Up => format!("{number}: {}", rate(source.rate_bytes_per_s)),
                SourceState::Resting => format!("{number}: en mantenimiento"),
                SourceState::Suspect => format!("{number}: parado"),
                SourceState::Dead => format!("{number}: caído"),
                SourceState::Banned => format!("{number}: expulsado"),
            }
        })
        .collect();
    if !sources.is_empty() {
        line.push_str(&format!(" [{}]", sources.join("; ")));
    }
    line
}

/// What each secondary brought.
pub fn sources(sources: &[ReceivedFrom]) -> Vec<String> {
    let rows: Vec<Vec<String>> = sources
        .iter()
        .map(|source| {
            vec![
                source.number.to_string(),
                source.chunks.to_string(),
                bytes(source.bytes),
                bytes(source.wasted),
                source.retries.to_string(),
                source.recoveries.to_string(),
            ]
        })
        .collect();
    let head = [
        "secundario",
        "trozos",
        "bytes",
        "de más",
        "reasignados",
        "vueltas",
    ];
    table(&head, &rows)
}
