//! Where the data of a resource lies, as `resource add` takes it.

use super::absolute;
use super::failure::Failure;
use crate::domain::types::location::{Location, Part};
use clap::Args;
use std::path::PathBuf;

/// The parts of a location. Which of them a type takes is the engine's to say.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct LocationOptions {
    /// A folder or file of the engine's machine
    #[arg(long, value_name = "PATH")]
    path: Option<PathBuf>,
    /// A server
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A service that speaks an AWS protocol; with --bucket, --table or --stack
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// A bucket at the endpoint
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// A table at the endpoint
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// A stack at the endpoint
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// A database on the server
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Which of several services that the type stands for
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Which of several database engines
    #[arg(long, value_name = "ENGINE")]
    engine: Option<String>,
    /// How the file system below is held still while it is read: auto, none, btrfs, zfs, or the absolute path of a program
    #[arg(long, value_name = "WAY")]
    snapshot: Option<String>,
}

impl LocationOptions {
    /// The location, a relative path made absolute.
    pub(super) fn read(self) -> Result<Location, Failure> {
        let path = match &self.path {
            None => None,
            Some(path) => {
                let path = absolute(path)?;
                Some(path.to_str().ok_or_else(|| Failure::usage("the path must be valid UTF-8"))?.to_owned())
            }
        };
        let parts = [
            (Part::Path, path),
            (Part::Url, self.url),
            (Part::Endpoint, self.endpoint),
            (Part::Bucket, self.bucket),
            (Part::Table, self.table),
            (Part::Stack, self.stack),
            (Part::Database, self.database),
            (Part::Kind, self.kind),
            (Part::Engine, self.engine),
            (Part::Snapshot, self.snapshot),
        ];
        Ok(Location::of(parts.into_iter().filter_map(|(part, value)| Some((part, value?)))))
    }
}
