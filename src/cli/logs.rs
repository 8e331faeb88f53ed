//! Where the log goes: a file in the state folder, or standard error for `serve`; never the dashboard's terminal.

use super::arguments::Command;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Which messages are kept, in `tracing`'s own syntax.
const FILTER_VARIABLE: &str = "VAULTDECK_LOG";

/// How many days of files are kept.
const DAYS: usize = 14;

/// Starts the log. The guard writes what is left when it is dropped. A log that cannot be opened is no reason not to work.
pub(super) fn start(command: &Command, state_dir: &Path) -> Option<WorkerGuard> {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn,vaultdeck=info"));
    // Its own errors would be printed on standard error, which may be what cannot be written.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).log_internal_errors(false);
    if matches!(command, Command::Serve(_)) {
        let _ = builder.with_writer(std::io::stderr).try_init();
        return None;
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(state_dir).ok()?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("vaultdeck")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(state_dir)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    let _ = builder.with_writer(writer).try_init();
    Some(guard)
}
