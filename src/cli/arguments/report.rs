//! `vaultdeck report`.

use super::{ContextOptions, WithinOptions};
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportOptions {
    /// How long a time it tells of
    #[arg(value_enum)]
    pub(in crate::cli) span: ReportSpan,
    #[command(flatten)]
    pub(in crate::cli) place: ContextOptions,
    #[command(flatten)]
    pub(in crate::cli) within: WithinOptions,
    /// The last day that it tells of, in UTC, such as 2026-11-23; or the moment at which it ends, such as 2026-11-23T05:00:00Z
    /// [default: now]
    #[arg(long, value_name = "DATE")]
    pub(in crate::cli) at: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) output: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportSpan {
    /// 24 hours
    Daily,
    /// Seven days
    Weekly,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// Markdown, for people
    #[default]
    Md,
    /// For programs
    Json,
    /// For spreadsheets: one table of all, whose first column says what a row is of
    Csv,
}
