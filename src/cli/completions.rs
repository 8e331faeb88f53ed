//! `vaultdeck completions`: a script for a shell.

use super::arguments::{Arguments, CompletionsOptions};
use super::failure::{Exit, Failure};
use super::output;
use clap::CommandFactory;

pub(super) fn run(options: &CompletionsOptions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "vaultdeck", &mut script);
    output::write(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
