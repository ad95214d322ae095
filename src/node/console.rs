//! The console of a central from afar: lines go there by gRPC, answers and what happens come back.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::http::uri::PathAndQuery;
use prost::Message;
use tokio_stream::StreamExt;
use tonic::{
    Code, Request, Status, Streaming,
    client::Grpc,
    metadata::MetadataValue,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};
use tonic_prost::ProstCodec;

use crate::{
    model::error_codes,
    proto::grpc::{Event, EventsRequest, OrderReply, OrderRequest},
};

/// How long a central may take to be reached.
const REACHED_WITHIN: Duration = Duration::from_secs(5);
/// How long an order may take: one to migrate takes some seconds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// Longest answer, in bytes: a table of all files of a large cluster fits.
const MOST_BYTES: usize = 256 << 20;

/// Where a central is, and what is said to it.
#[derive(Clone)]
pub struct ConsoleConfig {
    /// Its name or address, and its port.
    pub place: (String, u16),
    /// The certificate of the authority of its certificate, in PEM; without one nothing is encrypted.
    pub authority: Option<Vec<u8>>,
    /// The administrator's password.
    pub password: Vec<u8>,
}

impl std::fmt::Debug for ConsoleConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("ConsoleConfig");
        shown.field("place", &self.place).finish_non_exhaustive()
    }
}

/// Why there is no console.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsoleError {
    /// It is not there, or speaks something else.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The password is wrong, or there is none.
    #[error("the password is not right")]
    Password,
    /// No orders are taken there.
    #[error("no orders are taken there: {0}")]
    NotTaken(String),
    /// The line is no order.
    #[error("{0}")]
    Bad(String),
}

error_codes!(ConsoleError, code {
    Self::Unreachable(_) => "console-unreachable",
    Self::Password => "console-password",
    Self::NotTaken(_) => "console-not-taken",
    Self::Bad(_) => "console-bad-line",
});

impl From<Status> for ConsoleError {
    fn from(status: Status) -> Self {
        let words = status.message().to_owned();
        match status.code() {
            Code::Unauthenticated => Self::Password,
            Code::PermissionDenied | Code::Unimplemented | Code::FailedPrecondition => {
                Self::NotTaken(words)
            }
            Code::InvalidArgument => Self::Bad(words),
            _ => Self::Unreachable(words),
        }
    }
}

/// What happens at the central, as it happens.
#[derive(Debug)]
pub struct ConsoleEvents(Streaming<Event>);

impl ConsoleEvents {
    /// The next thing that happens; `None` once the central is gone. Cancel-safe.
    pub async fn next(&mut self) -> Option<String> {
        let event = self.0.next().await?.ok()?;
        Some(event.text)
    }
}

/// A console.
#[derive(Clone, Debug)]
pub struct RemoteConsole {
    channel: Channel,
    authorization: MetadataValue<tonic::metadata::Ascii>,
}

impl RemoteConsole {
    /// Connects, and sees whether orders are taken.
    ///
    /// # Errors
    /// Why not.
    pub async fn connect(config: &ConsoleConfig) -> Result<Self, ConsoleError> {
        let (host, port) = &config.place;
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.clone(),
        };
        let scheme = config.authority.as_ref().map_or("http", |_| "https");
        let unreachable = |error: tonic::transport::Error| {
            let words = std::error::Error::source(&error).map(ToString::to_string);
            ConsoleError::Unreachable(words.unwrap_or_else(|| error.to_string()))
        };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{host}:{port}"));
        let mut endpoint = endpoint.map_err(unreachable)?;
        endpoint = endpoint.connect_timeout(REACHED_WITHIN);
        if let Some(authority) = &config.authority {
            let authority = Certificate::from_pem(authority);
            let tls = ClientTlsConfig::new().ca_certificate(authority);
            endpoint = endpoint.tls_config(tls).map_err(unreachable)?;
        }
        let mut said = b"admin:".to_vec();
        said.extend_from_slice(&config.password);
        let authorization = format!("Basic {}", STANDARD.encode(said));
        let mut authorization = MetadataValue::try_from(authorization)
            .map_err(|error| ConsoleError::Unreachable(error.to_string()))?;
        authorization.set_sensitive(true);
        Ok(Self {
            channel: endpoint.connect().await.map_err(unreachable)?,
            authorization,
        })
    }

    fn said<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let fields = request.metadata_mut();
        fields.insert("authorization", self.authorization.clone());
        request
    }

    async fn ready(&self) -> Result<Grpc<Channel>, ConsoleError> {
        let mut client = Grpc::new(self.channel.clone()).max_decoding_message_size(MOST_BYTES);
        let ready = client.ready().await;
        ready.map_err(|error| ConsoleError::Unreachable(error.to_string()))?;
        Ok(client)
    }

    /// Gives an order, as at the prompt.
    ///
    /// # Errors
    /// When it is not obeyed.
    pub async fn order(&self, line: &str) -> Result<OrderReply, ConsoleError> {
        let mut client = self.ready().await?;
        let line = line.to_owned();
        let request = self.said(OrderRequest { line });
        let path = PathAndQuery::from_static("/trozos.v1.Operator/Order");
        let codec = codec::<OrderRequest, OrderReply>();
        let answer = tokio::time::timeout(ANSWERED_WITHIN, client.unary(request, path, codec));
        match answer.await {
            Ok(answer) => Ok(answer?.into_inner()),
            Err(_) => Err(ConsoleError::Unreachable("no answer".to_owned())),
        }
    }

    /// What happens there from now on.
    ///
    /// # Errors
    /// When it is not told.
    pub async fn events(&self) -> Result<ConsoleEvents, ConsoleError> {
        let mut client = self.ready().await?;
        let request = self.said(EventsRequest {});
        let path = PathAndQuery::from_static("/trozos.v1.Operator/Events");
        let codec = codec::<EventsRequest, Event>();
        let events = client.server_streaming(request, path, codec).await?;
        Ok(ConsoleEvents(events.into_inner()))
    }
}

fn codec<Q: Message + 'static, A: Message + Default + 'static>() -> ProstCodec<Q, A> {
    ProstCodec::default()
}
