//! Servers that speak PostgreSQL's protocol, which its own programs are sent to: where they are, which programs, what those say.

pub(super) mod address;
pub(super) mod faults;
pub(super) mod programs;

use crate::domain::Secret;
use crate::engine::drivers::child::Program;
use address::Address;

/// The program with the way to the server in its environment.
pub(super) fn on_server(program: Program, address: &Address, secret: Option<&Secret>) -> Program {
    let told = address.environment().into_iter().fold(program, |program, (name, value)| program.env(name, value));
    secret.into_iter().fold(told, |program, secret| program.secret("PGPASSWORD", secret))
}
