//! Orders to a server that runs: a subcommand for each command of its prompt, made of the same table.

use std::{marker::PhantomData, path::PathBuf};

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, Subcommand, error::ErrorKind,
};

use crate::cli::{
    commands::{CENTRAL, SECONDARY},
    parsers::number,
    text::{
        t,
        topics::{self, Topic},
    },
    values::{PathParser, tidy},
};

/// How an order is given, and how its answer is shown.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "order")]
pub struct OrderArgs {
    /// Where the server takes orders.
    #[arg(long, value_name = "RUTA", value_parser = PathParser)]
    pub socket: Option<PathBuf>,
    /// One JSON document on stdout.
    #[arg(long)]
    pub json: bool,
}

/// A kind of server: its commands, and what says which one is meant.
pub trait Ordered: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Its flags.
    type Which: Args + Clone + std::fmt::Debug + Send + Sync;

    /// The commands of its prompt.
    fn topics() -> Vec<Topic>;
}

/// Orders to a central.
#[derive(Clone, Debug)]
pub struct OfCentral;

/// Which central.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "order")]
pub struct WhichCentral {
    /// Where it listens on the network.
    #[arg(short, long, value_name = "PUERTO", value_parser = tidy(number::<u16>(1, u16::MAX)))]
    pub puerto: Option<u16>,
}

impl Ordered for OfCentral {
    type Which = WhichCentral;

    fn topics() -> Vec<Topic> {
        topics::of(CENTRAL)
    }
}

/// Orders to a secondary.
#[derive(Clone, Debug)]
pub struct OfSecondary;

/// Which secondary.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "order")]
pub struct WhichSecondary {
    /// Its number.
    #[arg(short, long, value_name = "N", value_parser = tidy(number::<u16>(1, 64)))]
    pub numero: Option<u16>,
    /// Where it listens on the network.
    #[arg(short, long, value_name = "PUERTO", value_parser = tidy(number::<u16>(1, u16::MAX)))]
    pub puerto: Option<u16>,
    /// Agrees to what is asked.
    #[arg(short = 'y', long)]
    pub si: bool,
}

impl Ordered for OfSecondary {
    type Which = WhichSecondary;

    fn topics() -> Vec<Topic> {
        topics::of(SECONDARY)
    }
}

/// An order to a running server.
#[derive(Clone, Debug)]
pub struct Order<S: Ordered> {
    /// What a person would type at the prompt.
    pub line: String,
    /// Which server.
    pub which: S::Which,
    /// How.
    pub how: OrderArgs,
    kind: PhantomData<S>,
}

/// A command of the prompt as a subcommand: `NUMERO_DESCARGAS_VIDEO` is `numero-descargas-video`.
fn subcommand_name(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

const WORDS: &str = "palabras";

impl<S: Ordered> Order<S> {
    fn subcommand(topic: &Topic) -> Command {
        let mut names = topic.names.iter().map(|name| subcommand_name(name));
        let name = names.next().unwrap_or_default();
        let command = Command::new(name).aliases(names.collect::<Vec<_>>());
        let command = OrderArgs::augment_args(S::Which::augment_args(command));
        // After the flags, whose own text would take its place.
        let command = command
            .about(topics::sentence(topic.id))
            .long_about(topics::at_length(topic.id));
        let usage = topics::usage(topic.id);
        match usage.split_once(' ') {
            Some((_, values)) => command.arg(words(values)),
            None => command,
        }
    }
}

/// What follows a command.
fn words(values: &str) -> Arg {
    Arg::new(WORDS)
        .value_name("VALOR")
        .help(t!("order-words", values = values))
        .help_heading("arguments")
        .action(ArgAction::Append)
        .allow_negative_numbers(true)
        .num_args(0..)
}

impl<S: Ordered> FromArgMatches for Order<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let (name, of_command) = matches
            .subcommand()
            .ok_or_else(|| Error::new(ErrorKind::MissingSubcommand))?;
        let topics = S::topics();
        let named = |topic: &&Topic| {
            topic
                .names
                .first()
                .is_some_and(|n| subcommand_name(n) == name)
        };
        let topic = topics
            .iter()
            .find(named)
            .ok_or_else(|| Error::new(ErrorKind::InvalidSubcommand))?;
        let mut line = topic.names[0].to_owned();
        let following = of_command.try_get_many::<String>(WORDS).ok();
        for word in following.into_iter().flatten().flatten() {
            line.push(' ');
            line.push_str(word);
        }
        Ok(Self {
            line,
            which: S::Which::from_arg_matches(of_command)?,
            how: OrderArgs::from_arg_matches(of_command)?,
            kind: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<S: Ordered> Subcommand for Order<S> {
    fn augment_subcommands(command: Command) -> Command {
        let topics = S::topics();
        command.subcommands(topics.iter().map(Self::subcommand))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        let topics = S::topics();
        topics.iter().any(|topic| {
            topic
                .names
                .iter()
                .any(|known| subcommand_name(known) == name)
        })
    }
}
