//! Why the engine refused or failed, with AWS's exception and AWS's words where they are known.

mod organizations;

pub use organizations::{Constraint, OrganizationsException};

use crate::domain::Invalid;
use crate::domain::error::InvalidKind;
use std::path::PathBuf;

/// The result of every operation of the engine.
pub type Result<T> = std::result::Result<T, Error>;

/// AWS's exceptions, as far as the engine throws them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// `AlreadyExistsException`, with the members that it carries.
    AlreadyExists {
        /// The ARN of what exists.
        arn: Option<String>,
        /// The token of the call that created it.
        creator_request_id: Option<String>,
    },
    /// `ConflictException`.
    Conflict,
    /// `InvalidParameterValueException`.
    InvalidParameterValue,
    /// `InvalidRequestException`.
    InvalidRequest,
    /// `InvalidResourceStateException`.
    InvalidResourceState,
    /// `MissingParameterValueException`.
    MissingParameterValue,
    /// `LimitExceededException`.
    LimitExceeded,
    /// `ResourceNotFoundException` (status 400 in AWS Backup).
    ResourceNotFound,
    /// `AccessDeniedException`.
    AccessDenied,
    /// `UnrecognizedClientException`: no such access key, or a session token that is not its own.
    UnrecognizedClient,
    /// `ExpiredTokenException`: the session is over.
    ExpiredToken,
    /// `DependencyFailureException`.
    DependencyFailure,
    /// `ServiceUnavailableException`: the engine itself failed; the call may be tried again.
    ServiceUnavailable,
    /// One of AWS Organizations'.
    Organizations(OrganizationsException),
}

/// Why an operation did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An answer in AWS's terms.
    #[error("{message}")]
    Service {
        /// The exception.
        kind: ErrorKind,
        /// Its message.
        message: String,
    },
    /// Another process runs the engine on this data directory.
    #[error("another engine holds this data directory{}", holder(*pid, socket.as_ref()))]
    Held {
        /// Its process, as it announced itself.
        pid: Option<u32>,
        /// Where it can be reached.
        socket: Option<PathBuf>,
    },
    /// The data was written by a newer version of this program.
    #[error(
        "{what} has format version {found}, and this program knows versions up to {known}: it was written by a newer \
         vaultdeck. Nothing was changed; run that version or a later one"
    )]
    Newer {
        /// What is newer.
        what: String,
        /// Its version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// Something that the engine keeps is damaged.
    #[error("{what}. {advice}")]
    Damaged {
        /// What is damaged, and how.
        what: String,
        /// What to do.
        advice: String,
    },
    /// The root of the key ring does not open, or is not the one that is wanted. Nothing was changed.
    #[error("{what}. {advice}")]
    RootClosed {
        /// What does not open, and why.
        what: String,
        /// What to do.
        advice: String,
        /// Whether the same may succeed later with nobody doing anything.
        temporary: bool,
    },
    /// A vault is being collected, or about to be: new work in it waits. The same succeeds a little later.
    #[error("the vault {0} is being cleaned up; try again in a moment")]
    Busy(crate::domain::Arn),
    /// The KMS key of a vault cannot be used: nothing goes into the vault or comes out of it.
    #[error("Given key ID is not accessible: KMS key {key} {why}")]
    KeyUnusable {
        /// The key's ARN.
        key: crate::domain::Arn,
        /// Why.
        why: Unusable,
    },
    /// The data directory can be read and not written, and this would have changed it. Nothing was changed.
    #[error("{0}")]
    ReadOnly(crate::engine::read_only::ReadOnly),
    /// The data directory cannot be used.
    #[error("{0}")]
    DataDir(String),
    /// The operating system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with its path.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The catalog refused.
    #[error("the catalog failed: {0}")]
    Catalog(#[from] rusqlite::Error),
    /// A vault's repository refused.
    #[error(transparent)]
    Repository(#[from] crate::repository::Error),
    /// Something that must hold does not; a bug, or a hand in the data directory.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Why a KMS key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// Somebody disabled it.
    Disabled,
    /// Its deletion is scheduled for this time.
    PendingDeletion(crate::domain::Time),
    /// Its material was destroyed at this time.
    Deleted(crate::domain::Time),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = |at: &crate::domain::Time| at.format("%Y-%m-%d %H:%M UTC").to_string();
        match self {
            Self::Disabled => f.write_str("is disabled. Nothing is lost; enable the key"),
            Self::PendingDeletion(at) => write!(
                f,
                "is pending deletion, until {}. Nothing is lost yet; cancel the deletion and enable the key",
                day(at)
            ),
            Self::Deleted(at) => write!(
                f,
                "was deleted at {}. What it encrypted can be read only by restic, with a recovery key of the vault that \
                 was made before",
                day(at)
            ),
        }
    }
}

fn holder(pid: Option<u32>, socket: Option<&PathBuf>) -> String {
    let pid = pid.map(|pid| format!(": process {pid}")).unwrap_or_default();
    let socket = socket.map(|path| format!(", socket {}", path.display())).unwrap_or_default();
    format!("{pid}{socket}")
}

/// Constructors in the engine's words: `Error::invalid_request("…")`.
macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident),+ $(,)?) => {
        impl Error {
            $($(#[$doc])*
            pub fn $name(message: impl Into<String>) -> Self {
                Self::Service { kind: ErrorKind::$kind, message: message.into() }
            })+
        }
    };
}
constructors! {
    /// `ConflictException`.
    conflict => Conflict,
    /// `InvalidParameterValueException`.
    invalid_parameter => InvalidParameterValue,
    /// `InvalidRequestException`.
    invalid_request => InvalidRequest,
    /// `InvalidResourceStateException`.
    invalid_state => InvalidResourceState,
    /// `MissingParameterValueException`.
    missing_parameter => MissingParameterValue,
    /// `LimitExceededException`.
    limit_exceeded => LimitExceeded,
    /// `ResourceNotFoundException`.
    not_found => ResourceNotFound,
    /// `AccessDeniedException`.
    access_denied => AccessDenied,
    /// `UnrecognizedClientException`.
    unrecognized_client => UnrecognizedClient,
    /// `ExpiredTokenException`.
    expired_token => ExpiredToken,
    /// `DependencyFailureException`.
    dependency_failure => DependencyFailure,
    /// `ServiceUnavailableException`.
    unavailable => ServiceUnavailable,
}

impl Error {
    /// `AlreadyExistsException` with what exists.
    pub fn already_exists(message: impl Into<String>, arn: Option<String>, creator_request_id: Option<String>) -> Self {
        Self::Service { kind: ErrorKind::AlreadyExists { arn, creator_request_id }, message: message.into() }
    }

    /// An exception of AWS Organizations.
    pub fn organizations(exception: OrganizationsException, message: impl Into<String>) -> Self {
        Self::Service { kind: ErrorKind::Organizations(exception), message: message.into() }
    }

    /// A vault that an operation would change or write into is not there. `vault` is its name or its ARN.
    pub fn no_such_vault(vault: impl std::fmt::Display) -> Self {
        Self::not_found(format!("Backup vault {vault} does not exist."))
    }

    /// A recovery point is not there, not in this vault, or not the caller's.
    pub fn no_such_recovery_point(arn: &crate::domain::Arn) -> Self {
        Self::not_found(format!("Cannot find recovery point {arn}."))
    }

    /// What an unknown vault answers when it is only read: AWS does not tell the missing from the forbidden.
    pub fn insufficient_privileges() -> Self {
        Self::access_denied("Insufficient privileges to perform this action.")
    }

    /// A refusal by the operating system, with what was tried.
    pub fn io(what: impl Into<String>, source: impl Into<std::io::Error>) -> Self {
        Self::Io { what: what.into(), source: source.into() }
    }

    /// Whether the same may well succeed later: another program holds the repository now, the vault is being collected, or what
    /// keeps the key ring's root does not answer.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Busy(_)
                | Self::Repository(crate::repository::Error::Locked(_))
                | Self::RootClosed { temporary: true, .. }
        )
    }

    /// Whether the same may succeed once somebody has enabled a KMS key: until then it waits.
    pub fn waits_for_key(&self) -> bool {
        matches!(self, Self::KeyUnusable { why: Unusable::Disabled | Unusable::PendingDeletion(_), .. })
    }

    /// Whether the KMS key of the vault was deleted: no program of this engine opens it again.
    pub fn is_stranded(&self) -> bool {
        matches!(self, Self::KeyUnusable { why: Unusable::Deleted(_), .. })
    }

    /// Whether a disk is full: once there is room the same may succeed.
    pub fn is_disk_full(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::Io { source, .. } => matches!(source.kind(), StorageFull | QuotaExceeded),
            Self::Catalog(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::Repository(error) => error.is_storage_full(),
            _ => false,
        }
    }

    /// The exception that this is to a caller of the API.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Service { kind, .. } => kind.clone(),
            Self::KeyUnusable { .. } => ErrorKind::InvalidRequest,
            _ => ErrorKind::ServiceUnavailable,
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        let kind = match invalid.kind {
            InvalidKind::Missing => ErrorKind::MissingParameterValue,
            InvalidKind::Value => ErrorKind::InvalidParameterValue,
        };
        Self::Service { kind, message: invalid.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_member_and_a_bad_value_become_aws_exceptions() {
        assert_eq!(Error::from(Invalid::missing("Rules")).kind(), ErrorKind::MissingParameterValue);
        assert_eq!(Error::from(Invalid::value("Rules", "too many")).kind(), ErrorKind::InvalidParameterValue);
    }

    #[test]
    fn a_held_directory_names_its_holder() {
        let error = Error::Held { pid: Some(7), socket: Some("/run/engine.sock".into()) };
        assert_eq!(error.to_string(), "another engine holds this data directory: process 7, socket /run/engine.sock");
        assert_eq!(error.kind(), ErrorKind::ServiceUnavailable);
    }
}
