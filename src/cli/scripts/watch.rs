//! `ver`: a file at an address of this machine while it comes, until nobody wants it any more.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    ended::Ended,
    session::{Session, cancelled},
    target::usage,
};
use crate::{
    cli::{
        args::Watching,
        commands::split_words,
        exit::Exit,
        text::{errors, t},
    },
    http::Local,
    model::FileName,
    node::client::{ClientError, Keep, Watch},
};

/// How often it is looked whether somebody reads.
const LOOK: Duration = Duration::from_millis(250);
/// How long nobody has read when a player is taken to be closed: between two reads it may be gone for a moment.
const CLOSED: Duration = Duration::from_secs(10);
/// The same once the player's own program has ended.
const ENDED: Duration = Duration::from_secs(2);

impl Session {
    pub(super) async fn watch(&mut self, name: &str, how: &Watching) -> Result<Exit, Ended> {
        let files = self.files(&[name.to_owned()]).await?;
        let [file] = files.as_slice() else {
            return Err(usage(t!(
                "usage-one-watched",
                name = name,
                count = files.len()
            )));
        };
        let watch = match self.begin(file, how.guardar).await {
            Ok(watch) => watch,
            Err(error) => {
                let exit = Ended::from(error.clone()).exit;
                self.refused(file, error).await;
                return Ok(exit);
            }
        };
        let local = Local::start(watch.clone(), how.servir_en);
        let local = local.map_err(|error| Ended::plain(Exit::Failed, errors::local(&error)))?;
        if self.report.is_for_programs() {
            self.report.note(local.url());
        } else {
            self.report.result(local.url());
        }
        if !how.guardar {
            // Nothing else comes of it.
            self.report.keep_stdout(true);
        }
        if how.reproductor.is_none() && !self.report.is_quiet {
            self.report.note(&t!("watch-hint"));
        }
        let player = match &how.reproductor {
            Some(program) => Some(play(program, local.url())?),
            None => None,
        };
        self.until_closed(&watch, how, player).await?;
        drop(local);
        if how.guardar && !self.stop.is_cancelled() {
            // Whoever wants the file wants all of it.
            self.wait().await?;
            return Ok(self.report.worst());
        }
        // What becomes of it is nobody's concern any more.
        self.report.names.remove(&watch.number().0);
        watch.end().await;
        self.tell_rest();
        Ok(self.report.worst())
    }

    async fn begin(&mut self, file: &FileName, keeps: bool) -> Result<Watch, ClientError> {
        let keep = if keeps { Keep::TheFile } else { Keep::Nothing };
        let began = Instant::now();
        loop {
            let begun = Watch::begin(self.client.clone(), file.clone(), keep);
            match cancelled(&self.stop, begun).await {
                Err(error) if self.is_worth_asking_again(&error, began) => {
                    self.wait_for_service(&error).await;
                }
                Ok((watch, answer)) => {
                    self.report.asked(answer.number(), file);
                    return Ok(watch);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Until the program is to end, or a player that was waited for is closed.
    async fn until_closed(
        &mut self,
        watch: &Watch,
        how: &Watching,
        mut player: Option<Child>,
    ) -> Result<(), Ended> {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut closing = Closing::default();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                Some(event) = self.events.recv() => self.report.event(&event),
                _ = look.tick() => {
                    let ended = match &mut player {
                        Some(player) => !matches!(player.try_wait(), Ok(None)),
                        None => false,
                    };
                    let after = match (ended, how.hasta_cerrar) {
                        (true, _) => Some(ENDED),
                        (false, true) => Some(CLOSED),
                        (false, false) => None,
                    };
                    let readers = watch.readers().await;
                    if closing.is_over(Instant::now(), readers, after, ended) {
                        return Ok(());
                    }
                    if let Ok(views) = self.client.downloads().await {
                        self.report.progress(&views);
                    }
                }
            }
        }
    }
}

/// Since when nobody reads.
#[derive(Debug, Default)]
struct Closing {
    has_read: bool,
    idle_since: Option<Instant>,
}

impl Closing {
    /// True once nobody has read for so long, after somebody had, or the player has ended.
    fn is_over(
        &mut self,
        now: Instant,
        readers: usize,
        after: Option<Duration>,
        has_ended: bool,
    ) -> bool {
        self.has_read |= readers > 0;
        if readers > 0 {
            self.idle_since = None;
            return false;
        }
        let since = *self.idle_since.get_or_insert(now);
        (self.has_read || has_ended) && after.is_some_and(|after| now - since >= after)
    }
}

/// Starts a player, which may have arguments of its own.
fn play(program: &str, url: &str) -> Result<Child, Ended> {
    let words = split_words(program);
    let (name, arguments) = words
        .split_first()
        .ok_or_else(|| usage(t!("player-empty")))?;
    let started = Command::new(name)
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    started.map_err(|error| {
        let why = t!("player-not-started", player = name, why = error.to_string());
        Ended::plain(Exit::Failed, why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_over_some_time_after_the_last_reader_and_never_before_the_first() {
        let start = Instant::now();
        let mut closing = Closing::default();
        let mut over = |at: u32, readers, after: Option<Duration>, ended| {
            closing.is_over(start + S * at, readers, after, ended)
        };
        assert!(!over(0, 0, Some(CLOSED), false));
        assert!(!over(60, 0, Some(CLOSED), false));
        assert!(!over(61, 2, Some(CLOSED), false));
        assert!(!over(62, 0, Some(CLOSED), false));
        assert!(!over(71, 0, Some(CLOSED), false));
        assert!(over(72, 0, Some(CLOSED), false));
        assert!(!over(80, 0, None, false));
        assert!(over(80, 0, Some(ENDED), true));
    }

    #[test]
    fn a_player_that_never_read_is_over_when_it_has_ended() {
        let start = Instant::now();
        let mut closing = Closing::default();
        assert!(!closing.is_over(start, 0, Some(ENDED), true));
        assert!(closing.is_over(start + 2 * S, 0, Some(ENDED), true));
    }
}
