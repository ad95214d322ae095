//! What happens at a central.

use super::{
    clean, list,
    transfer::fault,
    units::{bytes, count},
};
use crate::{
    model::{ClusterStatus, Outcome, Receiver},
    node::central::{CentralEvent, DownReason, Notice},
};

/// One event, in a line.
pub fn event(event: &CentralEvent) -> String {
    match event {
        CentralEvent::Cluster(notice) => self::notice(notice),
        CentralEvent::ManyOffered { files } => format!("Se ofrecen {files} ficheros más"),
        CentralEvent::ManyNoLongerOffered { files } => {
            format!("Ya no se ofrecen {files} ficheros")
        }
        CentralEvent::BadPeer { address, reason } => {
            format!("Conexión de {address} rechazada: {}", clean(reason))
        }
        CentralEvent::Statistics(trouble) => super::errors::statistics(trouble),
    }
}

/// What happens in the cluster.
fn notice(notice: &Notice) -> String {
    match notice {
        Notice::SecondaryUp {
            number,
            address,
            returned: false,
        } => format!("Secundario {number} inscrito: escucha en {address}"),
        Notice::SecondaryUp {
            number, address, ..
        } => format!("Secundario {number} ha vuelto: escucha en {address}"),
        Notice::SecondaryDown { number, why } => match why {
            DownReason::Goodbye => format!("Secundario {number} se ha despedido"),
            DownReason::Closed => format!("Secundario {number} ha caído: se cortó la conexión"),
            DownReason::Silent => format!("Secundario {number} ha caído: no da señales de vida"),
        },
        Notice::Drained { number } => {
            format!("El secundario {number} ya no tiene nada que enviar: se puede parar")
        }
        Notice::ServiceBegan => "Empieza el servicio: ya están los secundarios".to_owned(),
        Notice::Level { files } => format!(
            "Sincronizado: todos los secundarios vivos tienen lo mismo, {}",
            count(*files as u64, "fichero", "ficheros")
        ),
        Notice::NoSecondaries => {
            "No queda ningún secundario: las descargas esperan a que vuelva alguno".to_owned()
        }
        Notice::Offered { file, bytes: size } => {
            format!("Se ofrece {} ({})", clean(file.as_str()), bytes(*size))
        }
        Notice::NoLongerOffered {
            file,
            deleted_at: Some(number),
        } => format!(
            "Ya no se ofrece {}: se borró en el secundario {number} y los demás lo retiran",
            clean(file.as_str())
        ),
        Notice::NoLongerOffered {
            file,
            deleted_at: None,
        } => format!("Ya no se ofrece {}", clean(file.as_str())),
        Notice::Conflict { file, number } => format!(
            "Conflicto: el secundario {number} tiene otro contenido en {}; ni se copia ni se toca",
            clean(file.as_str())
        ),
        Notice::CopyOrdered {
            file,
            target,
            sources,
        } => format!(
            "El secundario {target} copia {} de {}",
            clean(file.as_str()),
            list(sources)
        ),
        Notice::CopyEnded {
            file,
            target,
            outcome: how,
            reason,
        } => format!(
            "Copia de {} en el secundario {target}: {}{}",
            clean(file.as_str()),
            outcome(*how),
            because(reason.as_deref())
        ),
        Notice::ClientEnrolled { client, address } => {
            format!("Cliente {client} inscrito desde {address}")
        }
        Notice::ClientGone { client } => format!("Cliente {client} se ha ido"),
        Notice::Granted {
            client,
            file,
            sources,
        } => format!(
            "{client} descarga {} de los secundarios {}",
            clean(file.as_str()),
            list(sources)
        ),
        Notice::Queued {
            client,
            file,
            place,
        } => format!(
            "{client} espera por {} en el puesto {place}",
            clean(file.as_str())
        ),
        Notice::Finished {
            client,
            file,
            outcome: how,
            reason,
        } => format!(
            "Descarga de {} por {client}: {}{}",
            clean(file.as_str()),
            outcome(*how),
            because(reason.as_deref())
        ),
        Notice::Reported {
            by,
            secondary,
            fault: why,
        } => format!(
            "{} avisa del secundario {secondary}: {}",
            receiver(by),
            fault(*why)
        ),
    }
}

/// To whom something is sent.
pub fn to(receiver: &Receiver) -> String {
    match receiver {
        Receiver::Client(name) => format!("al cliente {name}"),
        Receiver::Original(name) => format!("al cliente original {name}"),
        Receiver::Secondary(number) => format!("al secundario {number}"),
    }
}

/// Who receives.
fn receiver(receiver: &Receiver) -> String {
    match receiver {
        Receiver::Client(name) => format!("el cliente {name}"),
        Receiver::Original(name) => format!("el cliente original {name}"),
        Receiver::Secondary(number) => format!("el secundario {number}"),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "completa y verificada",
        Outcome::AlreadyComplete => "ya estaba completa",
        Outcome::Failed => "fallida",
        Outcome::Cancelled => "cancelada",
    }
}

fn because(reason: Option<&str>) -> String {
    reason.map_or(String::new(), |reason| format!(" ({})", clean(reason)))
}

/// The state of the cluster.
pub fn status(status: &ClusterStatus) -> Vec<String> {
    let alive = status.secondaries.iter().filter(|s| s.alive).count();
    let state = match (status.ready, status.level) {
        (false, _) => format!(
            "sin servicio: {alive} secundarios vivos, hacen falta {}",
            status.required
        ),
        (true, false) => "en servicio; copiando entre secundarios".to_owned(),
        (true, true) => "en servicio y sincronizado".to_owned(),
    };
    let mut lines = vec![
        format!("Sistema {state}"),
        format!(
            "{} videos, {} clientes, {} descargas en curso, {} en espera, {} copias en curso",
            status.files, status.clients, status.running, status.waiting, status.copies
        ),
    ];
    let rows: Vec<Vec<String>> = status
        .secondaries
        .iter()
        .map(|secondary| {
            vec![
                secondary.number.to_string(),
                if secondary.alive { "vivo" } else { "caído" }.to_owned(),
                std::net::SocketAddr::new(secondary.ip, secondary.port).to_string(),
                secondary.files.to_string(),
                secondary.missing.to_string(),
                secondary.conflicts.to_string(),
            ]
        })
        .collect();
    let head = [
        "secundario",
        "estado",
        "dirección",
        "videos",
        "le faltan",
        "conflictos",
    ];
    lines.extend(super::table::table(&head, &rows));
    lines
}
