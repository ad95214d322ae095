//! The end of a client, of a prompt or of a script.

use tokio::sync::mpsc;

use crate::{
    cli::{
        exit::Exit,
        program,
        text::{errors, files, t},
    },
    node::{
        StopError,
        client::{ClientEvent, ClientHandle, DownloadEvent},
    },
};

/// True when a download ends because the run does.
pub(super) fn is_end_of_run(event: &ClientEvent) -> bool {
    matches!(
        event,
        ClientEvent::Download {
            what: DownloadEvent::Cancelled,
            ..
        }
    )
}

/// Stops a client and shows its events until it has ended. Gives the exit and a warning, if there is one. Failing to
/// save statistics is only a warning: everything that was asked for was done.
pub(in crate::cli) async fn stop_client(
    handle: &ClientHandle,
    events: &mut mpsc::Receiver<ClientEvent>,
    mut show: impl FnMut(&ClientEvent),
) -> (Exit, Option<String>) {
    let stopping = async {
        let stop = handle.stop();
        tokio::pin!(stop);
        let stopped = loop {
            tokio::select! {
                stopped = &mut stop => break stopped,
                Some(event) = events.recv() => show(&event),
            }
        };
        while let Some(event) = events.recv().await {
            show(&event);
        }
        stopped
    };
    match program::within(stopping).await {
        Some(Ok(())) => (Exit::Well, None),
        Some(Err(StopError::Statistics(error))) => {
            let why = files::store(&error);
            (
                Exit::Well,
                Some(t!("warning-statistics-not-saved", why = why)),
            )
        }
        Some(Err(error @ StopError::Broken)) => (Exit::Failed, Some(errors::stop(&error))),
        None => (Exit::Failed, Some(t!("error-no-orderly-stop"))),
    }
}
