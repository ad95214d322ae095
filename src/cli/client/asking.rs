//! Lines that need the central's answer. A person is told when one takes long, and the prompt does meanwhile whatever
//! concerns this machine alone; others that need the central follow in their order. Where no person is, each line waits
//! for the one before it.

use std::{collections::VecDeque, future, future::Future, pin::Pin, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{
    prompt::{Extra, Prompt},
    question::Question,
};
use crate::cli::text::{
    line::{Line, Tone},
    t,
};

/// After this time a person is told that the central is waited for.
const LONG: Duration = Duration::from_millis(300);

/// See the module.
#[derive(Default)]
pub(super) struct Asking<'a> {
    /// Takes long, as people know.
    asked: Option<Asked<'a>>,
    /// Lines that follow.
    later: VecDeque<(String, Question)>,
}

struct Asked<'a> {
    line: String,
    answer: Pin<Box<dyn Future<Output = ()> + 'a>>,
}

impl<'a> Asking<'a> {
    /// Asks what a line asks, or keeps it for later.
    pub(super) async fn ask<E: Extra>(
        &mut self,
        prompt: &'a Prompt<E>,
        line: &str,
        question: Question,
    ) {
        if !prompt.has_person {
            return prompt.ask_the_central(question).await;
        }
        let line = line.trim().to_owned();
        if self.asked.is_some() {
            let text = t!("central-awaited-later", line = &line);
            prompt.printer.line(Line::new(Tone::Faint, text));
            return self.later.push_back((line, question));
        }
        prompt.heard.set(Instant::now());
        let mut answer = Box::pin(prompt.ask_the_central(question));
        // A line that asks for many files has many answers.
        while timeout_at(prompt.heard.get() + LONG, &mut answer)
            .await
            .is_err()
        {
            if prompt.heard.get().elapsed() >= LONG {
                let text = t!("central-awaited");
                prompt.printer.line(Line::new(Tone::Warning, text));
                self.asked = Some(Asked { line, answer });
                return;
            }
        }
    }

    /// There is service: asks what was postponed for want of it.
    pub(super) async fn ask_again<E: Extra>(&mut self, prompt: &'a Prompt<E>) {
        prompt.waiting.is_there();
        for question in prompt.postponed.take() {
            let line = question.waits().unwrap_or_default();
            self.ask(prompt, &line, question).await;
        }
    }

    /// Ends with the answer that is waited for; never where none is. Cancel-safe.
    pub(super) async fn answered(&mut self) {
        match &mut self.asked {
            Some(asked) => asked.answer.as_mut().await,
            None => future::pending().await,
        }
    }

    /// There was an answer: asks what was kept next.
    pub(super) fn go_on<E: Extra>(&mut self, prompt: &'a Prompt<E>) {
        self.asked = self.later.pop_front().map(|(line, question)| Asked {
            line,
            answer: Box::pin(prompt.ask_the_central(question)),
        });
    }

    /// Nothing is waited for any more; false where nothing was.
    pub(super) fn gives_up<E: Extra>(&mut self, prompt: &Prompt<E>) -> bool {
        let Some(asked) = self.asked.take() else {
            return false;
        };
        let later = self.later.drain(..).map(|(line, _)| line);
        let lines: Vec<String> = std::iter::once(asked.line).chain(later).collect();
        let lines = lines.join("; ");
        prompt
            .printer
            .line(t!("central-awaited-no-more", lines = lines));
        true
    }
}
