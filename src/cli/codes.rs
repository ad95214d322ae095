//! Every code that an error of these programs may have, enum by enum, for whoever looks one up:
//! docs/en/problems.md has a section for each, and so has its Spanish twin.

use super::exit::Exit;
use crate::{
    engine::download::FailReason,
    http::Problem,
    model::{ClientNameError, Fault, FigureError, FileNameError, IgnoredReason, RemoteError},
    node::{
        Denied, Failure, KeyStoreError, SecurityError, StartError, StatisticsTrouble, TlsError,
        TlsRefusal,
        central::NotDelivered,
        certificates::CertificateError,
        client::{ClientError, PublishError},
        orders::OrdersError,
        rules::{discovery::Unannounced, finding::OtherCluster, terms::Outdated},
    },
    proto::{ErrorCode, handshake::SecretError},
    store::{StoreError, published::PathError},
};

/// The codes of each enum. Some are in two, where both mean the same.
pub const ALL: &[(&str, &[&str])] = &[
    ("StartError", StartError::CODES),
    ("KeyStoreError", KeyStoreError::CODES),
    ("DiaryError", crate::store::diary::DiaryError::CODES),
    ("SecurityError", SecurityError::CODES),
    ("SecretError", SecretError::CODES),
    ("TlsError", TlsError::CODES),
    ("Denied", Denied::CODES),
    ("Outdated", Outdated::CODES),
    ("OtherCluster", OtherCluster::CODES),
    ("Unannounced", Unannounced::CODES),
    ("TlsRefusal", TlsRefusal::CODES),
    ("CertificateError", CertificateError::CODES),
    ("ClientError", ClientError::CODES),
    ("PublishError", PublishError::CODES),
    ("PathError", PathError::CODES),
    ("OrdersError", OrdersError::CODES),
    ("Unanswered", crate::node::central::Unanswered::CODES),
    ("FigureError", FigureError::CODES),
    ("NotDelivered", NotDelivered::CODES),
    #[cfg(feature = "grpc")]
    ("ConsoleError", crate::node::console::ConsoleError::CODES),
    ("FailReason", FailReason::CODES),
    ("Failure", Failure::CODES),
    ("Fault", Fault::CODES),
    ("StoreError", StoreError::CODES),
    ("RemoteError", RemoteError::CODES),
    ("IgnoredReason", IgnoredReason::CODES),
    ("FileNameError", FileNameError::CODES),
    ("ClientNameError", ClientNameError::CODES),
    ("StatisticsTrouble", StatisticsTrouble::CODES),
    ("ErrorCode", ErrorCode::CODES),
    ("Problem", Problem::CODES),
    ("Exit", Exit::CODES),
];
