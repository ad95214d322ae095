//! Rooms and channels.

use super::{
    clean,
    line::{Line, Tone},
    spoken, t,
    table::{Table, minor, name, whole},
};
use crate::{
    model::{AccountName, Job, RoomAnswer, RoomId, RoomInfo, RoomMessage, RoomOptions},
    node::client::RoomEvent,
};

/// What a room is called by those who are in it.
pub fn room(room: &RoomId, own: Option<&AccountName>) -> String {
    let other = own.and_then(|own| room.other(own));
    match (room, other) {
        (RoomId::Room(name), _) => format!("#{}", clean(name.as_str())),
        (RoomId::Pair(..), Some(other)) => format!("@{other}"),
        (RoomId::Pair(one, other), None) => format!("@{one}/@{other}"),
    }
}

/// Something that was said.
pub fn message(room_of: &RoomId, message: &RoomMessage, own: Option<&AccountName>) -> Line {
    let mut line = Line::new(Tone::Faint, format!("{} ", moment(message.at_ms)));
    line.push(Tone::Faint, format!("{} ", room(room_of, own)));
    line.push(Tone::Strong, format!("{}: ", message.from));
    line.push(Tone::Plain, clean(message.text.as_str()));
    line
}

/// What is heard without having been asked for.
pub fn event(event: &RoomEvent, own: Option<&AccountName>) -> Vec<Line> {
    match event {
        RoomEvent::Said { room, messages } => {
            let lines = messages.iter().map(|said| message(room, said, own));
            lines.collect()
        }
        RoomEvent::Unread { room: of, count } => {
            if *count == 0 {
                return Vec::new();
            }
            let text = t!("room-unread", room = room(of, own), count = *count);
            vec![Line::new(Tone::Faint, text)]
        }
        RoomEvent::Given { channel, job } => {
            let text = t!(
                "channel-given",
                channel = clean(channel.as_str()),
                number = job.seq,
                from = &job.from,
                text = clean(job.text.as_str()),
                done = spoken::command("HECHO")
            );
            vec![Line::new(Tone::Strong, text)]
        }
    }
}

/// A room that somebody is in from now on.
pub fn entered(info: &RoomInfo, own: Option<&AccountName>) -> String {
    let of = room(&info.room, own);
    let waits = info.options.opens_with > info.people;
    match waits {
        true => t!(
            "room-entered-waits",
            room = of,
            people = info.people,
            needed = info.options.opens_with
        ),
        false => t!("room-entered", room = of, people = info.people),
    }
}

/// The rooms that there are.
pub fn rooms(rooms: &[RoomInfo], own: Option<&AccountName>, columns: usize) -> Vec<String> {
    if rooms.is_empty() {
        return vec![t!("no-rooms", enter = spoken::command("SALA"))];
    }
    let row = |info: &RoomInfo| {
        vec![
            room(&info.room, own),
            info.people.to_string(),
            if info.inside {
                t!("room-inside")
            } else {
                String::new()
            },
            match info.unread {
                0 => String::new(),
                unread => unread.to_string(),
            },
            info.messages.to_string(),
            options(info.options),
        ]
    };
    Table::new([
        name(t!("column-room")),
        whole(t!("column-people")),
        minor(2, t!("column-inside")),
        whole(t!("column-unread")),
        minor(1, t!("column-messages")),
        minor(3, t!("column-options")),
    ])
    .with(rooms.iter().map(row))
    .lines(columns)
}

fn options(options: RoomOptions) -> String {
    let mut words = Vec::new();
    if options.ephemeral {
        words.push(t!("room-ephemeral"));
    }
    if options.whole {
        words.push(t!("room-whole"));
    }
    if options.opens_with > 0 {
        words.push(t!("room-opens-with", people = options.opens_with));
    }
    words.join(", ")
}

/// What came of a message, where that is not seen anyhow.
pub fn said(answer: &RoomAnswer, to: Option<&AccountName>) -> Option<String> {
    match (answer, to) {
        (RoomAnswer::Said { there: false, .. }, Some(to)) => {
            Some(t!("told-later", name = to.as_str()))
        }
        _ => None,
    }
}

/// What came of putting a message into a channel.
pub fn put(seq: u64, there: bool) -> String {
    match there {
        true => t!("channel-put", number = seq),
        false => t!("channel-put-alone", number = seq),
    }
}

/// A channel that one listens to.
pub fn listens(channel: &str, waiting: u32, dead: u32) -> String {
    let dead_too = match dead {
        0 => String::new(),
        dead => t!("channel-dead-too", count = dead),
    };
    let channel = clean(channel);
    let text = t!("channel-listens", channel = channel, count = waiting);
    match dead_too.is_empty() {
        true => text,
        false => format!("{text}; {dead_too}"),
    }
}

/// What nobody could finish.
pub fn dead(jobs: &[Job]) -> Vec<String> {
    if jobs.is_empty() {
        return vec![t!("channel-no-dead")];
    }
    let line = |job: &Job| {
        t!(
            "channel-dead",
            number = job.seq,
            when = moment(job.at_ms),
            from = &job.from,
            text = clean(job.text.as_str())
        )
    };
    jobs.iter().map(line).collect()
}

/// Today's times without their date.
fn moment(ms: u64) -> String {
    let moment = i64::try_from(ms).ok();
    let moment = moment.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let Some(moment) = moment else {
        return "-".to_owned();
    };
    let zone = jiff::tz::TimeZone::system();
    let (local, today) = (
        moment.to_zoned(zone.clone()),
        jiff::Timestamp::now().to_zoned(zone),
    );
    let form = match local.date() == today.date() {
        true => "%H:%M",
        false => "%Y-%m-%d %H:%M",
    };
    local.strftime(form).to_string()
}
