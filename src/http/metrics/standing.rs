//! Which of several centrals this is, and how it stands.

use super::{Figures, label};
use crate::{
    http::counts::Counts,
    node::central::{CentralStanding, OwnFigures},
};

impl Figures {
    /// All figures of a central that does not reign.
    pub(in crate::http) fn on_standby(own: &OwnFigures, counts: &Counts) -> Self {
        let mut figures = Self::default();
        figures.build("central");
        figures.gauge("trozos_ready", "1 once downloads can begin.", 0.0);
        figures.refused(&own.server);
        figures.own(counts, &own.server);
        figures
    }

    /// How it stands among the centrals; nothing of one by itself.
    pub(in crate::http) fn standing(mut self, own: &OwnFigures) -> Self {
        let Some(of_own) = own.centrals.iter().find(|one| one.node == own.node) else {
            return self;
        };
        let states = [
            ("active", CentralStanding::Active),
            ("limited", CentralStanding::Limited),
            ("ready", CentralStanding::Ready),
            ("behind", CentralStanding::Behind),
        ];
        let rows = states.map(|(name, state)| {
            let is_it = u8::from(of_own.state == state);
            (label("state", name), is_it.into())
        });
        self.gauges(
            "trozos_central_state",
            "1 for how this one of several centrals stands.",
            rows.into(),
        );
        self.gauge(
            "trozos_central_behind_batches",
            "Batches of the journal that this central has not applied yet.",
            of_own.behind as f64,
        );
        let others = own
            .centrals
            .iter()
            .filter(|one| one.node != own.node && one.state == CentralStanding::Ready);
        self.gauge(
            "trozos_centrals_ready",
            "Other centrals that could take over at once.",
            others.count() as f64,
        );
        if let Some(term) = of_own.term {
            self.gauge("trozos_central_term", "The reign.", term as f64);
        }
        self
    }
}
