//! What carries effects out and brings news: the client, behind a pair of channels.

use crate::client::audit::Audit;
use crate::client::connect::Connection;
use crate::client::fetch::{Fetcher, Visibility};
use crate::client::mutate::mutate;
use crate::client::{Fault, Key};
use crate::tui::msg::{Effect, Msg};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The two channels.
#[derive(Debug)]
pub struct Backend {
    /// Takes [`Effect::Want`], [`Effect::Refresh`], [`Effect::RefreshScope`], [`Effect::Pause`],
    /// [`Effect::Probe`] and [`Effect::Change`].
    pub effects: UnboundedSender<Effect>,
    /// Brings [`Msg::Data`], [`Msg::Probed`] and [`Msg::Changed`].
    pub news: UnboundedReceiver<Msg>,
}

impl Backend {
    /// The client of a connection; its tasks run on the current runtime until the dashboard drops its ends.
    pub fn client(connection: Arc<Connection>, audit: Arc<Audit>) -> Self {
        let (effects, mut wanted) = unbounded_channel();
        let (news, received) = unbounded_channel();
        let (events, mut fetched) = unbounded_channel();
        let fetcher = Fetcher::new(Arc::clone(&connection), events);
        let told = news.clone();
        tokio::spawn(async move {
            while let Some(event) = fetched.recv().await {
                if told.send(Msg::Data(Box::new(event))).is_err() {
                    return;
                }
            }
        });
        tokio::spawn(async move {
            let mut runner = EffectRunner { connection, audit, fetcher, news, wanted: BTreeSet::new() };
            while let Some(effect) = wanted.recv().await {
                runner.carry_out(effect);
            }
        });
        Self { effects, news: received }
    }
}

/// Carries effects out.
struct EffectRunner {
    connection: Arc<Connection>,
    audit: Arc<Audit>,
    fetcher: Fetcher,
    news: UnboundedSender<Msg>,
    wanted: BTreeSet<Key>,
}

impl EffectRunner {
    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Want { visible, hidden } => {
                let wanted: BTreeSet<Key> = visible.iter().chain(&hidden).cloned().collect();
                for key in self.wanted.difference(&wanted) {
                    self.fetcher.forget(key);
                }
                self.wanted = wanted;
                for key in visible {
                    self.fetcher.want(key, Visibility::Shown);
                }
                for key in hidden {
                    self.fetcher.want(key, Visibility::Hidden);
                }
            }
            Effect::Refresh(keys) => keys.into_iter().for_each(|key| self.fetcher.refresh(key)),
            Effect::RefreshScope(scope) => self.fetcher.refresh_scope(&scope),
            Effect::Pause(paused) => self.fetcher.pause(paused),
            Effect::Change { ticket, approved } => {
                let (connection, audit) = (Arc::clone(&self.connection), Arc::clone(&self.audit));
                let (news, fetcher) = (self.news.clone(), self.fetcher.clone());
                tokio::spawn(async move {
                    let scope = approved.scope().clone();
                    let outcome = mutate(&connection, &audit, approved).await.map_err(Fault::from);
                    fetcher.refresh_scope(&scope);
                    // When the dashboard has ended meanwhile, nobody is left to tell; the audit log has it.
                    let _ = news.send(Msg::Changed { ticket, outcome });
                });
            }
            Effect::Probe { ticket, request } => {
                let (connection, news) = (Arc::clone(&self.connection), self.news.clone());
                tokio::spawn(async move {
                    let outcome = match connection.control() {
                        Some(control) => control.probe_resource(&request).await,
                        None => Err(Fault::not_supported("probe of resources")),
                    };
                    let _ = news.send(Msg::Probed { ticket, outcome });
                });
            }
            Effect::Copy(_) | Effect::Bell | Effect::Redraw | Effect::Suspend | Effect::Quit => {}
        }
    }
}
