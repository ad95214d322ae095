//! Stories of those who read a file at any place while it comes.

use std::time::Duration;

use trozos::{engine::download::Finish, model::ChunkLayout};

use crate::{
    MIB, seeds,
    world::{Act, Fault, Has, Life, SourcePlan, Story, Watcher, Watchers, Weather, World},
};

const MS: Duration = Duration::from_millis(1);

fn watcher(random: &mut fastrand::Rng, chunks: u32) -> Watcher {
    let first = Act::Seek(random.u32(..chunks));
    let acts = (0..random.usize(1..12)).map(|_| match random.u8(..4) {
        0 => Act::Seek(random.u32(..chunks)),
        1 => Act::Pause(MS * random.u32(..20_000)),
        _ => {
            let per_chunk = match random.u8(..3) {
                0 => Duration::ZERO,
                _ => MS * random.u32(1..2000),
            };
            Act::Read(random.u32(1..20), per_chunk)
        }
    });
    let mut all = vec![first];
    all.extend(acts);
    Watcher {
        begins: MS * random.u32(..20_000),
        window_chunks: random.u32(1..20),
        acts: all,
    }
}

/// A seed's story: the first source is honest and there again after each of its faults.
fn of(seed: u64) -> Story {
    let mut story = crate::story(seed);
    let mut random = fastrand::Rng::with_seed(seed ^ 0x3a7c);
    story.resumed = 0.0;
    story.length = random.u64(4 * MIB..300 * MIB);
    let chunks = ChunkLayout::for_file(story.length).unwrap().chunk_count();
    let watchers = (0..random.usize(1..5)).map(|_| watcher(&mut random, chunks));
    let list: Vec<_> = watchers.collect();
    let windows: usize = list.iter().map(|w| w.window_chunks as usize).sum();
    story.watchers = Some(Watchers {
        list,
        keeps: random.u8(..3) == 0,
        memory_chunks: windows + random.usize(..40),
    });
    story
}

/// Everybody reads what they want to read, and it is right.
pub fn story(seed: u64, trace: bool) {
    let story = of(seed);
    let may_stop = story
        .watchers
        .as_ref()
        .is_some_and(|watchers| !watchers.keeps);
    let mut world = World::new(story);
    world.trace = trace;
    match world.run() {
        Finish::Complete => {}
        Finish::Stopped if may_stop => {}
        other => panic!("seed {seed}: {other:?}"),
    }
}

#[test]
fn every_story_that_is_watched_is_read_to_its_end() {
    seeds::every("every_story_that_is_watched", 400, story);
}

fn alike(rates: &[f64], faults: &[(usize, Fault)], acts: Vec<Act>, keeps: bool) -> World {
    World::new(plan(rates, faults, acts, keeps))
}

fn plan(rates: &[f64], faults: &[(usize, Fault)], acts: Vec<Act>, keeps: bool) -> Story {
    let mut sources: Vec<_> = rates
        .iter()
        .map(|rate| SourcePlan {
            rate_bytes_per_s: *rate,
            latency: Duration::from_micros(300),
            corrupt_from: None,
            refuses: 0.0,
            has: Has::All,
            faults: Vec::new(),
        })
        .collect();
    for (index, fault) in faults {
        sources[*index].faults.push(*fault);
    }
    let watcher = Watcher {
        begins: MS * 50,
        window_chunks: 8,
        acts,
    };
    Story {
        seed: 1,
        length: 400 * MIB,
        sources,
        central_restarts: Vec::new(),
        own_pauses: Vec::new(),
        resumed: 0.0,
        source_wait: Duration::from_secs(60),
        reader: None,
        watchers: Some(Watchers {
            list: vec![watcher],
            keeps,
            memory_chunks: 256,
        }),
        weather: Weather::default(),
    }
}

/// 200 Mbit/s each.
const RATES: [f64; 3] = [25e6, 25e6, 25e6];

#[test]
fn a_beginning_and_a_seek_take_little_whether_the_file_is_kept_or_not() {
    for keeps in [false, true] {
        let mut acts = Vec::new();
        for chunk in [0, 200, 17, 399, 120, 300, 5] {
            acts.extend([Act::Seek(chunk), Act::Read(3, MS * 400)]);
        }
        let mut world = alike(&RATES, &[], acts, keeps);
        world.run();
        let waits = &world.audience.waits;
        for wait in waits.iter().filter(|wait| wait.after_seek) {
            assert!(wait.lasted <= MS * 150, "{keeps}: {waits:?}");
        }
        let others = waits.iter().filter(|wait| !wait.after_seek);
        let longest = others.map(|wait| wait.lasted).max();
        // Where all of the file is wanted, the next chunks wait behind what was asked for before.
        let most = if keeps { MS * 250 } else { MS * 50 };
        assert!(longest <= Some(most), "{keeps}: {waits:?}");
    }
}

/// A film of 8 MB/s is watched, and one secondary is lost, in whatever way.
fn one_death(seed: u64, trace: bool) {
    let mut random = fastrand::Rng::with_seed(seed ^ 0xdea7);
    let life = match random.u8(..4) {
        0 => Life::Dead,
        1 => Life::Unplugged,
        2 => Life::Stopped,
        _ => Life::Slow(0.01),
    };
    let fault = Fault {
        at: MS * random.u32(55..6000),
        lasts: Duration::from_secs(100),
        life,
    };
    let acts = vec![Act::Seek(10), Act::Read(100, MS * 125)];
    let mut world = alike(&RATES, &[(random.usize(..3), fault)], acts, random.bool());
    world.trace = trace;
    world.run();
    let waits = &world.audience.waits;
    let longest = waits.iter().map(|wait| wait.lasted).max();
    assert!(
        longest <= Some(MS * 500),
        "seed {seed}: {life:?}: {longest:?}"
    );
}

#[test]
fn one_death_starves_nobody_for_long() {
    seeds::every("one_death_starves_nobody_for_long", 100, one_death);
}

#[test]
fn who_seeks_and_leaves_wastes_little() {
    let mut acts = Vec::new();
    for seek in 0..30 {
        acts.extend([Act::Seek(seek * 13), Act::Read(1, MS * 40)]);
    }
    let mut world = alike(&RATES, &[], acts, false);
    world.run();
    // Half a chunk of each source, at most.
    let most = u64::from(world.audience.seeks) * 3 * MIB / 2;
    assert!(world.wasted() <= most, "{} of {most}", world.wasted());
}

#[test]
fn what_was_ahead_of_a_reader_that_sought_does_not_come() {
    let mut acts = Vec::new();
    for seek in 0..10 {
        acts.extend([Act::Seek(seek * 39), Act::Read(1, MS * 40)]);
    }
    let mut story = plan(&RATES, &[], acts, false);
    story.watchers.as_mut().unwrap().list[0].window_chunks = 30;
    let mut world = World::new(story);
    world.run();
    // What comes in the time in which one chunk is read, and what was half here.
    let most = u64::from(world.audience.seeks) * 12 * MIB;
    let came = world.came();
    assert!(came <= most, "{came} of {most}");
}

#[test]
fn what_a_reader_waits_for_comes_from_all_at_once() {
    let acts = [0, 3000, 17].map(|chunk| [Act::Seek(chunk), Act::Read(2, MS * 900)]);
    let mut story = plan(&RATES, &[], acts.concat(), false);
    // Chunks of 4 MiB, each of which takes one source 168 ms.
    story.length = 20 * 1024 * MIB;
    let layout = ChunkLayout::for_file(story.length).unwrap();
    assert_eq!(u64::from(layout.chunk_bytes()), 4 * MIB);
    let mut world = World::new(story);
    world.run();
    let waits = &world.audience.waits;
    for wait in waits.iter().filter(|wait| wait.after_seek) {
        assert!(wait.lasted <= MS * 120, "{waits:?}");
    }
}

#[test]
fn who_has_paused_finds_what_comes_next() {
    let acts = vec![
        Act::Seek(20),
        Act::Read(1, Duration::ZERO),
        Act::Pause(Duration::from_secs(5)),
        Act::Read(7, Duration::ZERO),
    ];
    let mut world = alike(&RATES, &[], acts, false);
    world.run();
    let waits = &world.audience.waits;
    let later = waits.iter().skip(1);
    assert!(later.clone().count() == 7, "{waits:?}");
    assert_eq!(later.map(|wait| wait.lasted).max(), Some(Duration::ZERO));
}
