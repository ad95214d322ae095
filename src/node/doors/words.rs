//! What is said at the doors, in the words that programs of old know. They are part of the protocol, and the same in every
//! language.

use crate::model::{
    FigureAnswer, FigureDoor, FigureError, FigureLine, FigureName, FigureRequest, FigureValue,
    USUAL_FIGURE, limits::MAX_FIGURE_LINE_BYTES,
};

/// The answer to what is no order.
pub fn misunderstood() -> &'static str {
    "consulta mal formulada"
}

/// The answer to an order that changes nothing.
pub fn refused(error: &FigureError) -> String {
    match error {
        FigureError::NotUnderstood => misunderstood().to_owned(),
        error => format!("rechazada: {}", error.code()),
    }
}

/// The answer at a door, without the end of its line.
#[cfg_attr(not(feature = "fuzzing"), allow(unreachable_pub))]
pub fn answered(door: FigureDoor, answer: &FigureAnswer) -> String {
    let mark = match door {
        FigureDoor::Tcp | FigureDoor::Processes => "->",
        _ => "",
    };
    match answer {
        Ok(FigureValue { name, value }) => {
            let whose = match name {
                FigureName::Free(name) if name == USUAL_FIGURE => "Del Contador".to_owned(),
                name => format!("De {name}"),
            };
            format!("Estado {whose}{mark}: {value}")
        }
        Err(error) => refused(error),
    }
}

/// What a line asks for.
pub(super) fn request(
    line: &[u8],
    door: FigureDoor,
    who: String,
    may_reset: bool,
) -> Result<FigureRequest, FigureError> {
    if line.len() > MAX_FIGURE_LINE_BYTES {
        return Err(FigureError::NotUnderstood);
    }
    let line = FigureLine::read(line)?;
    Ok(FigureRequest {
        name: line.name,
        order: line.order,
        door,
        who,
        request: line.request,
        may_reset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_old() {
        let value = |name: &str| {
            let name = FigureName::try_from(name).unwrap();
            Ok(FigureValue { name, value: 13 })
        };
        for (door, answer, expected) in [
            (
                FigureDoor::Udp,
                value("contador"),
                "Estado Del Contador: 13",
            ),
            (
                FigureDoor::Tcp,
                value("contador"),
                "Estado Del Contador->: 13",
            ),
            (
                FigureDoor::Processes,
                value("sala.aforo"),
                "Estado De sala.aforo->: 13",
            ),
            (
                FigureDoor::Udp,
                Err(FigureError::NotUnderstood),
                "consulta mal formulada",
            ),
            (
                FigureDoor::Tcp,
                Err(FigureError::ResetDenied),
                "rechazada: figure-reset-denied",
            ),
        ] {
            assert_eq!(answered(door, &answer), expected);
        }
    }
}
