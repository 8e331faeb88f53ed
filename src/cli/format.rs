//! The forms in which a command prints its answer.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum PlainFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Which rows of a list are printed, and how.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct RowOptions {
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Format,
    /// Only rows that pass, such as 'state:failed age<2h account:prod !text ~fuzzy'
    #[arg(long, value_name = "FILTER")]
    pub(super) filter: Option<String>,
}
