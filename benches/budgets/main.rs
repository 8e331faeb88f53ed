//! What has a budget in time, beside it: a page of a list at 1,000,000 jobs, and a simulated job with nothing changed.
//!
//! ```sh
//! cargo bench --bench budgets                        # 1,000,000 jobs, 30 days of an hourly plan
//! cargo bench --bench budgets -- --jobs 100000 --days 3
//! cargo bench --bench budgets -- --long 400          # ten hourly plans over 100 resources, this many days
//! ```
//!
//! ext4 without a journal looks through the inodes that were deleted in the last minute whenever it makes a file: between two
//! runs on such a disk, and after a compilation, a minute must pass.
//!
//! The lists go through the engine's operations; their jobs are written into the catalog by SQL, for running a million of
//! them would take hours. The simulated jobs are run by the engine, from the schedule to the commit.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod lists;
mod simulated;

use std::error::Error;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let (mut asked, mut jobs, mut days, mut long) = (false, 1_000_000, 30, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--bench" => asked = true,
            "--jobs" => jobs = value()?.parse()?,
            "--days" => days = value()?.parse()?,
            "--long" => long = Some(value()?.parse()?),
            _ => return Err(format!("unknown argument {argument}").into()),
        }
    }
    if !asked {
        // `cargo test --all-targets` starts every benchmark once; this one is not a test.
        return Ok(());
    }
    if let Some(days) = long {
        return simulated::long(days);
    }
    simulated::run(days)?;
    lists::run(jobs)
}

/// One line of the table.
fn told(what: &str, milliseconds: f64, budget: f64) {
    let verdict = if milliseconds <= budget { "within" } else { "OVER" };
    println!("| {what} | {milliseconds:.2} ms | {budget} ms | {verdict} |");
}

fn head(title: &str) {
    println!("\n| {title} | measured | budget | |\n| --- | ---: | ---: | --- |");
}
