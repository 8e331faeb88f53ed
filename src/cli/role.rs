//! `vaultdeck role`: the roles that the engine can assume.

use super::Session;
use super::arguments::RoleCommand;
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::output::{Column, Row, Show};
use super::sieve;

const COLUMNS: [Column; 1] = [Column { title: "ARN", member: "RoleArn", show: Show::Plain }];

pub(super) async fn run(session: &Session, command: RoleCommand) -> Result<Exit, Failure> {
    let host = Host::reach(session, Purpose::Look).await?;
    let done = carry_out(&host, command).await;
    host.close().await;
    done.map(|()| Exit::Done)
}

async fn carry_out(host: &Host, command: RoleCommand) -> Result<(), Failure> {
    match command {
        RoleCommand::Add { arn } => Ok(host.control().add_role(&arn).await?),
        RoleCommand::Remove { arn } => Ok(host.control().remove_role(&arn).await?),
        RoleCommand::List { rows } => {
            let roles = host.control().roles().await?;
            let row = |role: String| Row::from_iter([("RoleArn".to_owned(), role.into())]);
            sieve::print(&COLUMNS, roles.into_iter().map(row).collect(), &rows)
        }
    }
}
