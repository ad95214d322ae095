//! What a prompt does about the limit of what it receives, and about the ends of downloads: programs and the bell.

use jiff::Zoned;
use tokio_util::sync::CancellationToken;

use super::{
    around::Around,
    prompt::{Extra, Prompt},
};
use crate::cli::{
    limits::Now,
    output,
    text::{
        self,
        limits::Limited,
        line::{Line, Tone, complaint},
        t,
    },
    timetable::Timetable,
};

impl<E: Extra> Prompt<E> {
    /// `LIMITE_BAJADA`.
    pub(super) async fn limit(&self, timetable: Option<Timetable>) {
        let now = match timetable {
            Some(timetable) => self.limits.set(timetable).await,
            None => self.limits.now().await,
        };
        self.printer.line(limit_line(&now));
    }

    /// The limit, where there is one.
    pub(super) async fn tell_limit(&self) {
        let limit = self.limits.now().await;
        if limit.held.limit.is_some() || limit.timetable.is_some() {
            self.printer.line(limit_line(&limit));
        }
    }

    /// `LIMITE`.
    pub(super) async fn upload_limit(&self, timetable: Option<Timetable>) {
        let now = match timetable {
            Some(timetable) => self.uploads.set(timetable).await,
            None => self.uploads.now().await,
        };
        let timetable = now.timetable.as_deref();
        let line = text::limits::line(Limited::Upload, &now.held, timetable, &Zoned::now());
        self.printer.line(line);
    }

    /// What others are sent, where there is anything to send.
    pub(super) async fn tell_serving(&self) {
        if let Ok(serving) = self.handle.serving().await
            && (serving.files > 0 || serving.bytes > 0)
        {
            self.printer.line(text::published::serving(&serving));
        }
    }

    /// Rings for what has ended, once.
    pub(super) fn ring(&self, around: &mut Around) {
        if around.is_bell_due() && self.has_person {
            output::bell(std::io::stdout());
        }
    }

    /// What is told of a program that has ended. It changes nothing of how this one ends.
    pub(super) fn program_ended(&self, failed: Option<String>) {
        self.printer.lines(failed.map(complaint));
    }

    /// The programs that are left, before the end.
    pub(super) async fn last_programs(&self, around: &mut Around) {
        let left = around.at_end.left();
        if left == 0 {
            return;
        }
        // To a person the next Ctrl-C is the end, as it is now.
        let stop = match self.has_person {
            true => CancellationToken::new(),
            false => self.stop.clone(),
        };
        if self.has_person {
            let text = t!("at-end-waiting", count = left);
            self.printer.line(Line::new(Tone::Warning, text));
        }
        let printer = self.printer.clone();
        let tell = |failed| printer.line(complaint(failed));
        around.programs_end(&stop, tell).await;
    }
}

fn limit_line(now: &Now) -> String {
    let timetable = now.timetable.as_deref();
    text::limits::line(Limited::Download, &now.held, timetable, &Zoned::now())
}
