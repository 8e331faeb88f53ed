//! `vaultdeck account`: the engine's organization.

use super::arguments::{AccountCommand, PlainFormat};
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::output::{self, Column};
use super::{Session, backup_policy, rows};
use crate::client::attributes::account;
use crate::domain::extension::AddAccount;

const COLUMNS: [Column; 4] = [
    Column::of(&account::ID),
    Column::of(&account::NAME),
    Column::of(&account::EMAIL),
    Column::of(&account::MANAGEMENT),
];

pub(super) async fn run(session: &Session, command: AccountCommand) -> Result<Exit, Failure> {
    let host = Host::reach(session, Purpose::Look).await?;
    let done = carry_out(&host, command).await;
    host.close().await;
    done
}

async fn carry_out(host: &Host, command: AccountCommand) -> Result<Exit, Failure> {
    match command {
        AccountCommand::Add { name, id, email, output } => {
            let request = AddAccount { account_id: id.map(String::from), name, email };
            let account = host.control().add_account(&request).await?;
            match output {
                PlainFormat::Text => output::write(&format!("{}\n", account.account_id))?,
                PlainFormat::Json => output::print_json(&account)?,
            }
        }
        AccountCommand::List { output } => {
            let accounts = host.control().accounts().await?;
            output::print(&COLUMNS, &accounts.iter().map(rows::of).collect::<Vec<_>>(), output)?;
        }
        AccountCommand::Policy(command) => return backup_policy::carry_out(host, command).await,
    }
    Ok(Exit::Done)
}
