//! What happens at a client.

use super::{
    clean, list, security,
    table::table,
    transfer,
    units::{bytes, count, rate, time},
};
use crate::{
    model::ListedFile,
    node::client::{ClientEvent, DownloadAnswer, DownloadEvent, DownloadState, DownloadView},
    store::PartNote,
};

/// One event, in lines.
pub fn event(event: &ClientEvent) -> Vec<String> {
    match event {
        ClientEvent::CentralLost { reason } => vec![format!(
            "Sin conexión con el central ({reason}): las descargas en curso siguen, y se reintenta solo"
        )],
        ClientEvent::Denied(denied) => vec![format!(
            "Sin conexión con el central: {}",
            security::denied(denied)
        )],
        ClientEvent::Expelled { .. } => vec![
            "El administrador te ha expulsado: tus descargas terminan; podrás volver dentro de un minuto"
                .to_owned(),
        ],
        ClientEvent::CentralBack => vec!["Conectado de nuevo con el central".to_owned()],
        ClientEvent::Statistics(trouble) => vec![super::errors::statistics(trouble)],
        ClientEvent::Download { number, file, what } => {
            let head = format!("[{}] {}", number.0, clean(file.as_str()));
            download(&head, what)
        }
    }
}

fn download(head: &str, event: &DownloadEvent) -> Vec<String> {
    match event {
        DownloadEvent::Queued { place } => {
            vec![format!("{head}: en espera, puesto {place} de la lista")]
        }
        DownloadEvent::Started {
            bytes: size,
            chunks,
            sources,
        } => {
            let shares = sources.iter().map(|(number, chunks)| {
                format!(
                    "{} del secundario {number}",
                    count(u64::from(*chunks), "trozo", "trozos")
                )
            });
            vec![format!(
                "{head}: empieza, {} en {}: {}",
                bytes(*size),
                count(u64::from(*chunks), "trozo", "trozos"),
                list(shares)
            )]
        }
        DownloadEvent::Resumed { bytes: size } => vec![format!(
            "{head}: ya había {} verificados de antes; sigue desde ahí",
            bytes(*size)
        )],
        DownloadEvent::Remark(PartNote::StartedOver) => vec![format!(
            "{head}: lo que había a medias no sirve (es de otro contenido o no tiene diario): empieza de \
             cero"
        )],
        DownloadEvent::Remark(PartNote::Damaged { chunks }) => vec![format!(
            "{head}: {} de antes están dañados y se piden otra vez",
            count(u64::from(*chunks), "trozo", "trozos")
        )],
        DownloadEvent::Remark(PartNote::SetAside { to }) => vec![format!(
            "{head}: lo que había a medias no es de este contenido: se conserva como {}, y se empieza de cero",
            clean(&to.display().to_string())
        )],
        DownloadEvent::Notice(notice) => vec![format!("{head}: {}", transfer::notice(notice))],
        DownloadEvent::Complete(summary) => {
            let seconds = summary.took.as_secs_f64().max(0.001);
            let mut lines = vec![
                format!(
                    "{head}: completo y verificado, {} en {} ({})",
                    bytes(summary.bytes),
                    time(summary.took),
                    rate(summary.bytes as f64 / seconds)
                ),
                format!("    fichero {}", clean(&summary.path.display().to_string())),
                format!("    SHA-256 {}", summary.whole),
            ];
            if !summary.sources.is_empty() {
                let table = transfer::sources(&summary.sources);
                lines.extend(table.into_iter().map(|line| format!("    {line}")));
            }
            lines
        }
        DownloadEvent::AlreadyComplete { path } => vec![format!(
            "{head}: ya estaba completo y verificado en {}",
            clean(&path.display().to_string())
        )],
        DownloadEvent::Failed { reason } => {
            vec![format!("{head}: falló: {}", transfer::failure(reason))]
        }
        DownloadEvent::Cancelled => {
            vec![format!(
                "{head}: cancelado; lo recibido se conserva para otra vez"
            )]
        }
    }
}

/// What a wish to download led to.
pub fn answer(answer: &DownloadAnswer) -> String {
    match answer {
        DownloadAnswer::Found(number) => format!("Encontrado: es la descarga {}", number.0),
        DownloadAnswer::Waits(number, place) => format!(
            "Encontrado: es la descarga {}; espera en el puesto {place} de la lista",
            number.0
        ),
    }
}

/// The listing.
pub fn listing(files: &[ListedFile]) -> Vec<String> {
    if files.is_empty() {
        return vec!["No hay ningún video".to_owned()];
    }
    let rows: Vec<Vec<String>> = files
        .iter()
        .map(|listed| {
            vec![
                listed.file.name.to_string(),
                bytes(listed.file.layout.file_bytes()),
                format!("{} de {}", listed.holders, listed.secondaries),
            ]
        })
        .collect();
    table(&["video", "tamaño", "secundarios"], &rows)
}

/// This client's downloads.
pub fn downloads(views: &[DownloadView]) -> Vec<String> {
    if views.is_empty() {
        return vec!["No has pedido ninguna descarga".to_owned()];
    }
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let state = match &view.state {
                DownloadState::Asked => "pedida".to_owned(),
                DownloadState::Queued(place) => format!("en espera, puesto {place}"),
                DownloadState::Running(snapshot) => transfer::progress(snapshot),
                DownloadState::Complete => "completa".to_owned(),
                DownloadState::Failed(why) => format!("falló: {}", transfer::failure(why)),
                DownloadState::Cancelled => "cancelada".to_owned(),
            };
            vec![view.number.0.to_string(), view.file.to_string(), state]
        })
        .collect();
    table(&["nº", "video", "estado"], &rows)
}

/// Live lines: one per download that waits or runs.
pub fn live(views: &[DownloadView]) -> Vec<String> {
    views
        .iter()
        .filter_map(|view| {
            let state = match &view.state {
                DownloadState::Queued(place) => format!("en espera, puesto {place}"),
                DownloadState::Running(snapshot) => transfer::progress(snapshot),
                DownloadState::Asked
                | DownloadState::Complete
                | DownloadState::Failed(_)
                | DownloadState::Cancelled => return None,
            };
            let name = clean(view.file.as_str());
            Some(format!("[{}] {name}: {state}", view.number.0))
        })
        .collect()
}
