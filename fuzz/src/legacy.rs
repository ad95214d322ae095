//! The protocol of 2017.

use serde_json::json;
use trozos::proto::{
    Lines,
    control::ToCentral,
    data::ToSource,
    legacy::{LegacyRequest, is_legacy},
};

/// A first line, which is of one protocol or of the other.
pub fn legacy(data: &[u8]) {
    let of_2017 = is_legacy(data);
    let ours = Lines::parse::<ToCentral>(data).is_ok() || Lines::parse::<ToSource>(data).is_ok();
    assert!(!(of_2017 && ours), "a line of both protocols");
    let Ok(request) = Lines::parse::<LegacyRequest>(data) else {
        return;
    };
    assert!(of_2017 || ours || has_type(data));
    let again = match &request {
        LegacyRequest::Listado => json!({"accion": "listado"}),
        LegacyRequest::Descarga {
            video,
            nombre,
            parte,
        } => json!({"accion": "descarga", "video": video, "nombre": nombre, "parte": parte}),
        LegacyRequest::Completado { nombre, video } => {
            json!({"accion": "completado", "nombre": nombre, "video": video})
        }
        LegacyRequest::Caido { ip, puerto } => {
            json!({"accion": "caido", "ip": ip, "puerto": puerto})
        }
    };
    let again = again.to_string();
    assert!(is_legacy(again.as_bytes()));
    assert_eq!(
        Lines::parse::<LegacyRequest>(again.as_bytes()).ok(),
        Some(request)
    );
}

fn has_type(line: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|v| v.get("type").is_some())
}
