//! What follows `AUDITORIA`: filters, in any order, by either name.

use jiff::{SignedDuration, Timestamp, Zoned, civil};

use super::{BadLine, BadValue, Form, split_words, value};
use crate::{engine::fold::fold, model::AuditQuery};

/// Understands filters; `now` is the time that `desde=2h` counts back from.
///
/// # Errors
/// See [`BadLine`].
pub(super) fn audit(rest: &str, now: &Zoned) -> Result<(AuditQuery, Form), BadLine> {
    let (mut query, mut form) = (AuditQuery::default(), Form::Table);
    for word in split_words(rest) {
        let Some((key, said)) = word.split_once('=') else {
            match word.parse() {
                Ok(last) => query.last = Some(last),
                Err(_) if word.eq_ignore_ascii_case("json") => form = Form::Json,
                Err(_) => return Err(value(&word, BadValue::AuditFilter)),
            }
            continue;
        };
        let said = said.trim_matches(['"', '\'']).to_owned();
        match fold(key).as_str() {
            "quien" | "who" => query.who = Some(said),
            "que" | "what" => query.what = Some(said),
            "fichero" | "file" => query.file = Some(said),
            "desde" | "since" => query.since_ms = Some(moment(&said, now)?),
            "hasta" | "until" => query.until_ms = Some(moment(&said, now)?),
            "tras" | "after" => {
                let after = said.parse();
                query.after = after.map_err(|_| value(&said, BadValue::AuditFilter))?;
            }
            _ => return Err(value(&word, BadValue::AuditFilter)),
        }
    }
    Ok((query, form))
}

/// `2h` ago, `2026-11-30`, `2026-11-30T08:00`, or with a zone; in milliseconds since 1970.
fn moment(text: &str, now: &Zoned) -> Result<u64, BadLine> {
    let ago = || {
        let ago: SignedDuration = text.parse().ok()?;
        now.timestamp().checked_sub(ago).ok()
    };
    let local = |at: civil::DateTime| {
        let zoned = at.to_zoned(now.time_zone().clone()).ok()?;
        Some(zoned.timestamp())
    };
    let at: Option<Timestamp> = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| local(text.parse::<civil::DateTime>().ok()?))
        .or_else(|| {
            local(
                text.parse::<civil::Date>()
                    .ok()?
                    .to_datetime(civil::Time::midnight()),
            )
        })
        .or_else(ago);
    let ms = at.and_then(|at| u64::try_from(at.as_millisecond()).ok());
    ms.ok_or_else(|| value(text, BadValue::Moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_understood_in_both_languages_and_any_order() {
        let now: Zoned = "2026-11-30T12:00[UTC]".parse().unwrap();
        let read = |text: &str| audit(text, &now);
        let text = |text: &str| Some(text.to_owned());
        let (query, form) = read("").unwrap();
        assert_eq!((query, form), (AuditQuery::default(), Form::Table));
        let (query, form) = read("quién=ana QUE=granted \"file=a b.mp4\" 20 JSON after=7").unwrap();
        assert_eq!(form, Form::Json);
        assert_eq!((query.who, query.what), (text("ana"), text("granted")));
        assert_eq!(query.file, text("a b.mp4"));
        assert_eq!((query.last, query.after), (Some(20), 7));
        let noon = 1_796_040_000_000;
        for (moment, at) in [
            ("2026-11-30T12:00", noon),
            ("2026-11-30", noon - 12 * 3_600_000),
            ("2026-11-30T13:00+01:00", noon),
            ("2h", noon - 2 * 3_600_000),
            ("30m", noon - 30 * 60_000),
        ] {
            let (query, _) = read(&format!("desde={moment}")).unwrap();
            assert_eq!(query.since_ms, Some(at), "{moment}");
        }
        for bad in ["ana", "color=rojo", "desde=ayer", "after=x"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
