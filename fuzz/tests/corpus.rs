//! Every target over its corpus and over changes of it, from a fixed seed: what can be had of fuzzing in a
//! moment and on a stable toolchain. `TROZOS_FUZZ_CHANGES=n` makes n changes for each target.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
};

use trozos_fuzz::TARGETS;

const SEED: u64 = 2017;
const CHANGES: usize = 2000;
/// Changes of a target whose every input is a file of megabytes, by this many fewer.
const SLOW: &[(&str, usize)] = &[("part", 40)];

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = here("corpus").join(target);
    let entries = fs::read_dir(&folder).expect("every target has a corpus");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).expect("a file of the corpus can be read");
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

/// Runs a target; when it panics, says with what.
fn run(name: &str, target: fn(&[u8]), input: &[u8], what: impl FnOnce() -> String) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        let path = std::env::temp_dir().join(format!("trozos-fuzz-{name}"));
        let kept = fs::write(&path, input).map(|()| path);
        eprintln!("{name}: {}; the input is kept as {kept:?}", what());
        resume_unwind(panic);
    }
}

#[test]
fn every_target_stands_its_corpus_and_changes_of_it() {
    let changes = std::env::var("TROZOS_FUZZ_CHANGES").map_or(CHANGES, |text| {
        text.parse().expect("TROZOS_FUZZ_CHANGES is a number")
    });
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        for (path, input) in &corpus {
            run(name, *target, input, || path.display().to_string());
        }
        let mut random = fastrand::Rng::with_seed(SEED);
        let fewer = SLOW.iter().find(|(slow, _)| slow == name);
        for change in 0..changes / fewer.map_or(1, |(_, by)| *by) {
            let input = changed(&mut random, &corpus);
            run(name, *target, &input, || {
                format!("change {change}, seed {SEED}")
            });
        }
    }
}

/// One input of the corpus with a few changes: bytes set, put in, taken out, repeated, and the end of another.
fn changed(random: &mut fastrand::Rng, corpus: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let mut input = corpus[random.usize(..corpus.len())].1.clone();
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..=input.len());
        let length = random.usize(..16).min(input.len() - at);
        match random.u8(..6) {
            0 if at < input.len() => input[at] = random.u8(..),
            1 if at < input.len() => input[at] ^= 1 << random.u8(..8),
            2 => input.insert(
                at,
                *random
                    .choice(b"\0\xff\"{}[],:\n/. -0129zA\x7f")
                    .unwrap_or(&0),
            ),
            3 => drop(input.drain(at..at + length)),
            4 => {
                let again = input[at..at + length].to_vec();
                input.splice(at..at, again);
            }
            _ => {
                let other = &corpus[random.usize(..corpus.len())].1;
                input.truncate(at);
                input.extend_from_slice(&other[random.usize(..=other.len())..]);
            }
        }
    }
    input
}

#[test]
fn every_target_is_in_the_table_and_has_a_program_and_a_corpus() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len());
    for folder in ["fuzz_targets", "corpus"] {
        let entries = fs::read_dir(here(folder)).expect("the folder is there");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let stems = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
        assert_eq!(stems.collect::<BTreeSet<_>>(), names, "{folder}");
    }
}
