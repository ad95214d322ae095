use super::*;
use crate::model::messages::ForRooms;
use crate::{
    engine::registry::{Entry, Registry},
    model::{
        Asked, RequestId, RoomAnswer, RoomOptions, RoomText, Session,
        limits::{JOB_LASTS, MAX_JOB_TRIES, MAX_ROOM_MESSAGES, SAID_AT_ONCE},
    },
};

fn account(name: &str) -> AccountName {
    AccountName::try_from(name).unwrap()
}

fn room(name: &str) -> RoomName {
    RoomName::try_from(name).unwrap()
}

fn text(text: &str) -> RoomText {
    RoomText::try_from(text).unwrap()
}

/// A central with rooms, and what everybody was told.
#[derive(Default)]
struct Bench {
    registry: Registry,
    talk: Talk,
    wall_ms: u64,
    asked: u64,
    told: Vec<(Line, ForRooms)>,
}

impl Bench {
    fn new() -> Self {
        Self {
            wall_ms: 1_000_000,
            ..Self::default()
        }
    }

    fn facts(&mut self, facts: impl IntoIterator<Item = RoomFact>) {
        for fact in facts {
            self.talk.touch(&fact);
            self.registry.apply(&Entry::Room(fact));
        }
    }

    fn comes(&mut self, line: Line, who: &str) {
        self.talk.comes(line, &account(who));
        self.after();
    }

    fn goes(&mut self, line: Line) {
        let facts = self.talk.goes(line);
        self.facts(facts);
        self.after();
    }

    fn ask(&mut self, line: Line, order: RoomOrder) -> Result<RoomAnswer, RoomRefusal> {
        self.asked += 1;
        self.ask_again(line, order, self.asked)
    }

    fn ask_again(
        &mut self,
        line: Line,
        order: RoomOrder,
        request: u64,
    ) -> Result<RoomAnswer, RoomRefusal> {
        let who = self.talk.present[&line].who.clone();
        let ordered = Ordered {
            line,
            who: &who,
            since_ms: 0,
            by: Asked {
                session: Session(line),
                request: RequestId(request),
            },
            order: &order,
        };
        let known = |name: &AccountName| name.as_str() != "nadie-mas";
        let decided = self
            .talk
            .decide(self.registry.rooms(), self.wall_ms, ordered, known)?;
        self.facts(decided.facts);
        if let Some((room, message)) = decided.passing {
            for line in self.talk.passing(self.registry.rooms(), &room) {
                let (room, messages) = (room.clone(), vec![message.clone()]);
                self.told
                    .push((line, ForRooms::SaidInRoom { room, messages }));
            }
        }
        self.after();
        Ok(decided.answer)
    }

    fn enter(&mut self, line: Line, name: &str) -> RoomAnswer {
        self.enter_with(line, name, RoomOptions::default())
    }

    fn enter_with(&mut self, line: Line, name: &str, options: RoomOptions) -> RoomAnswer {
        let room = room(name);
        self.ask(line, RoomOrder::Enter { room, options }).unwrap()
    }

    fn say(&mut self, line: Line, name: &str, what: &str) -> Result<RoomAnswer, RoomRefusal> {
        // Nobody is held up here for what it says much of.
        self.wall_ms += 1000;
        let (room, text) = (room(name), text(what));
        self.ask(line, RoomOrder::Say { room, text })
    }

    fn after(&mut self) {
        let overdue = Talk::overdue(self.registry.rooms(), self.wall_ms);
        self.facts(overdue);
        while let Some(giving) = self.talk.give(self.registry.rooms(), self.wall_ms) {
            self.facts(giving.fact);
            self.told.push((giving.line, giving.told));
        }
        let news = self.talk.news(self.registry.rooms());
        self.told.extend(news);
    }

    /// What somebody was told that was said, since the last time; it has it.
    fn hears(&mut self, line: Line) -> Vec<String> {
        let told = std::mem::take(&mut self.told);
        let mut heard = Vec::new();
        for (to, told) in told {
            match told {
                ForRooms::SaidInRoom { room, messages } if to == line => {
                    let last = messages.last().unwrap().seq;
                    heard.extend(messages.into_iter().map(|m| m.text.as_str().to_owned()));
                    let fact = self.talk.heard(self.registry.rooms(), line, &room, last);
                    self.facts(fact);
                    self.after();
                }
                other => self.told.push((to, other)),
            }
        }
        heard
    }

    fn unread(&self, line: Line) -> Option<u32> {
        let told = self.told.iter().rev();
        told.filter(|(to, _)| *to == line)
            .find_map(|(_, told)| match told {
                ForRooms::Unread { count, .. } => Some(*count),
                _ => None,
            })
    }

    fn given(&mut self) -> Vec<(Line, u64)> {
        let mut given = Vec::new();
        self.told.retain(|(line, told)| match told {
            ForRooms::Given { job, .. } => {
                given.push((*line, job.seq));
                false
            }
            _ => true,
        });
        given
    }

    /// Another central goes on with what is written.
    fn restarts(&mut self) {
        let registry = Registry::restore(&self.registry.snapshot()).unwrap();
        assert_eq!(registry, self.registry);
        self.registry = registry;
        self.talk = Talk::default();
        self.told.clear();
    }
}

#[test]
fn what_is_said_after_one_came_is_told_once_and_in_order() {
    let mut bench = Bench::new();
    bench.comes(1, "ana");
    bench.comes(2, "luis");
    bench.enter(1, "sala");
    bench.say(1, "sala", "antes").unwrap();
    bench.enter(2, "sala");
    for n in 0..3 {
        bench.say(1, "sala", &n.to_string()).unwrap();
    }
    assert_eq!(bench.hears(2), ["0", "1", "2"]);
    assert_eq!(bench.hears(2), [""; 0]);
    assert_eq!(bench.hears(1), ["antes", "0", "1", "2"]);
    assert_eq!(
        bench.say(2, "otra", "x"),
        Err(RoomRefusal::NotInside(RoomId::Room(room("otra"))))
    );
}

#[test]
fn who_was_away_gets_everything_once_though_the_central_died() {
    let mut bench = Bench::new();
    bench.comes(1, "ana");
    bench.comes(2, "luis");
    bench.enter(1, "sala");
    bench.enter(2, "sala");
    bench.say(1, "sala", "uno").unwrap();
    assert_eq!(bench.hears(2), ["uno"]);
    bench.goes(2);
    for n in 0..100 {
        bench.say(1, "sala", &n.to_string()).unwrap();
        bench.hears(1);
        if n == 50 {
            bench.restarts();
            bench.comes(1, "ana");
            bench.enter(1, "sala");
        }
    }
    bench.comes(3, "luis");
    assert_eq!(bench.unread(3), Some(100));
    bench.enter(3, "sala");
    let mut heard = Vec::new();
    loop {
        let more = bench.hears(3);
        if more.is_empty() {
            break;
        }
        heard.extend(more);
    }
    let all: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    assert_eq!(heard, all);
    // What was on its way when somebody left comes again.
    bench.say(1, "sala", "en camino").unwrap();
    bench.goes(3);
    bench.comes(4, "luis");
    bench.enter(4, "sala");
    assert_eq!(bench.hears(4), ["en camino"]);
}

#[test]
fn a_request_that_is_repeated_is_said_once() {
    let mut bench = Bench::new();
    bench.comes(1, "ana");
    bench.enter(1, "sala");
    let say = || RoomOrder::Say {
        room: room("sala"),
        text: text("hola"),
    };
    let first = bench.ask_again(1, say(), 77).unwrap();
    bench.restarts();
    bench.comes(1, "ana");
    assert_eq!(bench.ask_again(1, say(), 77).unwrap(), first);
    let put = || RoomOrder::Put {
        channel: room("tareas"),
        text: text("una"),
    };
    let first = bench.ask_again(1, put(), 78).unwrap();
    assert_eq!(bench.ask_again(1, put(), 78).unwrap(), first);
    assert_eq!(
        bench
            .registry
            .rooms()
            .channel(&room("tareas"))
            .unwrap()
            .jobs()
            .len(),
        1
    );
}

#[test]
fn a_room_is_as_who_made_it_wants() {
    let mut bench = Bench::new();
    for (line, who) in [(1, "ana"), (2, "luis"), (3, "eva")] {
        bench.comes(line, who);
    }
    let whole = RoomOptions {
        whole: true,
        ..RoomOptions::default()
    };
    bench.enter_with(1, "entera", whole);
    bench.say(1, "entera", "antes").unwrap();
    bench.hears(1);
    bench.enter(2, "entera");
    assert_eq!(bench.hears(2), ["antes"]);

    let passing = RoomOptions {
        ephemeral: true,
        ..RoomOptions::default()
    };
    bench.enter_with(1, "fugaz", passing);
    bench.enter(2, "fugaz");
    bench.say(1, "fugaz", "ahora").unwrap();
    assert_eq!(bench.hears(2), ["ahora"]);
    let fugaz = RoomId::Room(room("fugaz"));
    assert_eq!(
        bench.registry.rooms().get(&fugaz).unwrap().messages().len(),
        0
    );

    let with_three = RoomOptions {
        opens_with: 3,
        ..RoomOptions::default()
    };
    bench.hears(1);
    bench.enter_with(1, "tres", with_three);
    bench.say(1, "tres", "solo").unwrap();
    bench.enter(2, "tres");
    assert_eq!(bench.hears(1), [""; 0]);
    bench.enter(3, "tres");
    assert_eq!(bench.hears(3), ["solo"]);
    assert_eq!(bench.hears(2), ["solo"]);
    assert_eq!(bench.hears(1), ["solo"]);
}

#[test]
fn what_is_said_to_one_is_heard_by_that_one_alone() {
    let mut bench = Bench::new();
    bench.comes(1, "ana");
    bench.comes(3, "eva");
    let tell = |to: &str| RoomOrder::Tell {
        to: account(to),
        text: text("secreto"),
    };
    assert_eq!(bench.ask(1, tell("ana")), Err(RoomRefusal::Oneself));
    let unknown = RoomRefusal::Unknown(account("nadie-mas"));
    assert_eq!(bench.ask(1, tell("nadie-mas")), Err(unknown));
    let said = bench.ask(1, tell("luis")).unwrap();
    assert_eq!(
        said,
        RoomAnswer::Said {
            seq: 1,
            there: false
        }
    );
    bench.comes(2, "luis");
    assert_eq!(bench.unread(2), Some(1));
    let pair = RoomId::pair(&account("ana"), &account("luis")).unwrap();
    bench.talk.shows(bench.registry.rooms(), 2, &pair, true);
    bench.after();
    assert_eq!(bench.hears(2), ["secreto"]);
    let room = pair.clone();
    let past = RoomOrder::History { room, before: None };
    assert_eq!(
        bench.ask(3, past),
        Err(RoomRefusal::NotInside(pair.clone()))
    );
    bench.talk.shows(bench.registry.rooms(), 3, &pair, true);
    bench.after();
    assert_eq!(bench.hears(3), [""; 0]);
    let Ok(RoomAnswer::Rooms { rooms }) = bench.ask(3, RoomOrder::Rooms) else {
        panic!()
    };
    assert_eq!(rooms, []);
}

#[test]
fn a_room_keeps_the_last_of_what_is_said() {
    let mut bench = Bench::new();
    bench.comes(1, "ana");
    bench.enter(1, "sala");
    for n in 0..MAX_ROOM_MESSAGES + 10 {
        bench.say(1, "sala", &n.to_string()).unwrap();
        bench.hears(1);
    }
    let order = |before| RoomOrder::History {
        room: RoomId::Room(room("sala")),
        before,
    };
    let (mut before, mut count) = (None, 0);
    loop {
        let Ok(RoomAnswer::History { messages, more }) = bench.ask(1, order(before)) else {
            panic!()
        };
        count += messages.len();
        before = messages.first().map(|message| message.seq);
        if !more {
            break;
        }
    }
    assert_eq!((count, before), (MAX_ROOM_MESSAGES, Some(11)));
    for _ in 0..SAID_AT_ONCE {
        bench.say(1, "sala", "x").unwrap();
        bench.wall_ms -= 1000;
    }
    let order = RoomOrder::Say {
        room: room("sala"),
        text: text("x"),
    };
    assert!(matches!(
        bench.ask(1, order),
        Err(RoomRefusal::TooFast { .. })
    ));
}

fn listen(bench: &mut Bench, line: Line) {
    let channel = room("tareas");
    bench.ask(line, RoomOrder::Listen { channel }).unwrap();
}

fn put(bench: &mut Bench, line: Line, what: &str) {
    let (channel, text) = (room("tareas"), text(what));
    bench.ask(line, RoomOrder::Put { channel, text }).unwrap();
}

fn finish(bench: &mut Bench, line: Line, seq: u64, done: bool) -> Result<RoomAnswer, RoomRefusal> {
    let channel = room("tareas");
    bench.ask(line, RoomOrder::Finish { channel, seq, done })
}

#[test]
fn each_message_of_a_channel_goes_to_one_in_turn() {
    let mut bench = Bench::new();
    bench.comes(9, "jefe");
    for (line, who) in [(1, "ana"), (2, "luis"), (3, "eva")] {
        bench.comes(line, who);
        listen(&mut bench, line);
    }
    for n in 0..300 {
        put(&mut bench, 9, &n.to_string());
    }
    let (mut done, mut of) = (BTreeSet::new(), [0; 4]);
    loop {
        let given = bench.given();
        if given.is_empty() {
            break;
        }
        for (line, seq) in given {
            assert!(done.insert(seq), "{seq} twice");
            of[usize::try_from(line).unwrap()] += 1;
            finish(&mut bench, line, seq, true).unwrap();
        }
    }
    assert_eq!((done.len(), of), (300, [0, 100, 100, 100]));
    assert_eq!(
        finish(&mut bench, 1, 1, true),
        Err(RoomRefusal::NotYours {
            channel: room("tareas"),
            seq: 1
        })
    );
}

#[test]
fn what_one_did_not_finish_goes_to_another_and_is_set_aside_in_the_end() {
    let mut bench = Bench::new();
    bench.comes(9, "jefe");
    bench.comes(1, "ana");
    bench.comes(2, "luis");
    listen(&mut bench, 1);
    put(&mut bench, 9, "difícil");
    assert_eq!(bench.given(), [(1, 1)]);
    listen(&mut bench, 2);
    // She is killed: it is his at once.
    bench.goes(1);
    assert_eq!(bench.given(), [(2, 1)]);
    // He takes too long.
    bench.wall_ms += u64::try_from(JOB_LASTS.as_millis()).unwrap();
    assert_eq!(
        Talk::next_overdue(bench.registry.rooms()),
        Some(bench.wall_ms)
    );
    bench.after();
    assert_eq!(bench.given(), [(2, 1)]);
    finish(&mut bench, 2, 1, false).unwrap();
    assert_eq!(bench.given(), []);
    let channel = room("tareas");
    let Ok(RoomAnswer::Dead { jobs }) = bench.ask(9, RoomOrder::Dead { channel }) else {
        panic!()
    };
    assert_eq!((jobs.len(), jobs[0].tries), (1, MAX_JOB_TRIES));
}

#[test]
fn who_comes_back_goes_on_with_what_it_had() {
    let mut bench = Bench::new();
    bench.comes(1, "ana");
    listen(&mut bench, 1);
    put(&mut bench, 1, "una");
    put(&mut bench, 1, "otra");
    assert_eq!(bench.given(), [(1, 1)]);
    bench.restarts();
    bench.comes(5, "luis");
    listen(&mut bench, 5);
    assert_eq!(bench.given(), [(5, 2)]);
    bench.comes(6, "ana");
    listen(&mut bench, 6);
    assert_eq!(bench.given(), [(6, 1)]);
    finish(&mut bench, 6, 1, true).unwrap();
    let channel = room("tareas");
    bench.ask(5, RoomOrder::Rest { channel }).unwrap();
    assert_eq!(bench.given(), [(6, 2)]);
}
