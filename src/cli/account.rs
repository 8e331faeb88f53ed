//! `vaultdeck account`: the engine's organization.

use super::arguments::{AccountCommand, PlainFormat, UnitCommand};
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::output::{self, Column, Show};
use super::{Session, backup_policy, rows, sieve};
use crate::client::attributes::account;
use crate::domain::extension::{AccountView, AddAccount, AddUnit, UnitView, Units};
use crate::domain::{ParentId, UnitId};
use crate::tui::text::harmless;
use serde_json::{Value, json};

const COLUMNS: [Column; 6] = [
    Column::of(&account::ID),
    Column::of(&account::NAME),
    Column::of(&account::EMAIL),
    Column::of(&account::MANAGEMENT),
    Column { title: "UNIT", member: "Unit", show: Show::Plain },
    Column { title: "DELEGATED", member: "DelegatedAdministrator", show: Show::Plain },
];

const UNITS: [Column; 3] = [
    Column { title: "ID", member: "Id", show: Show::Plain },
    Column { title: "UNIT", member: "Path", show: Show::Plain },
    Column { title: "IN", member: "ParentId", show: Show::Plain },
];

pub(super) async fn run(session: &Session, command: AccountCommand) -> Result<Exit, Failure> {
    let host = Host::reach(session, Purpose::Look).await?;
    let done = carry_out(&host, command).await;
    host.close().await;
    done
}

async fn carry_out(host: &Host, command: AccountCommand) -> Result<Exit, Failure> {
    let control = host.control();
    match command {
        AccountCommand::Add { name, id, email, unit, output } => {
            let request = AddAccount { account_id: id.map(String::from), name, email };
            add(host, &request, unit.as_deref(), output).await?;
        }
        AccountCommand::List { rows: options } => {
            let accounts = control.accounts().await?;
            sieve::print(&COLUMNS, accounts.iter().map(rows::of).collect(), &options)?;
        }
        AccountCommand::Tree { output } => {
            let (units, accounts) = (control.units().await?, control.accounts().await?);
            match output {
                PlainFormat::Text => output::write(&drawn(&units, &accounts))?,
                PlainFormat::Json => output::print_json(&nested(&units, &accounts))?,
            }
        }
        AccountCommand::Move { account, unit } => {
            let to = place(&control.units().await?, &unit)?;
            control.move_account(&account, &to).await?;
        }
        AccountCommand::Unit(command) => carry_out_unit(host, command).await?,
        AccountCommand::Delegate { account } => control.delegate(&account, true).await?,
        AccountCommand::Undelegate { account } => control.delegate(&account, false).await?,
        AccountCommand::Policy(command) => return backup_policy::carry_out(host, command).await,
    }
    Ok(Exit::Done)
}

async fn add(host: &Host, request: &AddAccount, unit: Option<&str>, output: PlainFormat) -> Result<(), Failure> {
    let control = host.control();
    // A place that is not there is told before anything is made.
    let to = match unit {
        Some(unit) => Some(place(&control.units().await?, unit)?).filter(|to| to.unit().is_some()),
        None => None,
    };
    let mut account = control.add_account(request).await?;
    if let Some(to) = to {
        let id = account.account_id.clone();
        let Ok(moved) = id.parse() else { return Err(Failure::failed("the engine told no account")) };
        control.move_account(&moved, &to).await?;
        account = control.accounts().await?.into_iter().find(|one| one.account_id == id).unwrap_or(account);
    }
    match output {
        PlainFormat::Text => output::write(&format!("{}\n", account.account_id)),
        PlainFormat::Json => output::print_json(&account),
    }
}

async fn carry_out_unit(host: &Host, command: UnitCommand) -> Result<(), Failure> {
    let control = host.control();
    let units = control.units().await?;
    match command {
        UnitCommand::Add { name, parent, output } => {
            let parent_id = place(&units, parent.as_deref().unwrap_or("/"))?;
            let unit = control.add_unit(&AddUnit { parent_id, name }).await?;
            match output {
                PlainFormat::Text => output::write(&format!("{}\n", unit.id)),
                PlainFormat::Json => output::print_json(&unit),
            }
        }
        UnitCommand::List { rows: options } => {
            sieve::print(&UNITS, units.units.iter().map(rows::of).collect(), &options)
        }
        UnitCommand::Rename { unit, name } => {
            control.rename_unit(&unit_of(&units, &unit)?, name).await?;
            Ok(())
        }
        UnitCommand::Delete { unit } => Ok(control.delete_unit(&unit_of(&units, &unit)?).await?),
    }
}

/// The place that a user means: an id, the names down to a unit, or `/`.
fn place(units: &Units, text: &str) -> Result<ParentId, Failure> {
    if text == "/" || text == units.root_id.as_str() {
        return Ok(ParentId::Root(units.root_id.clone()));
    }
    let named: Vec<&UnitView> =
        units.units.iter().filter(|unit| unit.id.as_str() == text || unit.path == text.trim_matches('/')).collect();
    match named[..] {
        [unit] => Ok(ParentId::Unit(unit.id.clone())),
        [] => Err(Failure::failed(format!("there is no unit {text:?}; `vaultdeck account unit list` shows all"))),
        _ => Err(Failure::failed(format!("{text:?} could be several units; say which by its id"))),
    }
}

fn unit_of(units: &Units, text: &str) -> Result<UnitId, Failure> {
    match place(units, text)? {
        ParentId::Unit(unit) => Ok(unit),
        ParentId::Root(root) => Err(Failure::failed(format!("{root} is the root, which stays as it is"))),
    }
}

/// What lies in a place: its units, then its accounts.
fn within<'a>(
    units: &'a Units,
    accounts: &'a [AccountView],
    unit: Option<&'a UnitView>,
) -> (impl Iterator<Item = &'a UnitView>, impl Iterator<Item = &'a AccountView>) {
    let id = unit.map_or(units.root_id.as_str(), |unit| unit.id.as_str());
    let path = unit.map_or("", |unit| unit.path.as_str());
    let inner = units.units.iter().filter(move |unit| unit.parent_id.as_str() == id);
    (inner, accounts.iter().filter(move |account| account.unit == path))
}

/// The tree for people: what lies in a place stands below it, further in.
fn drawn(units: &Units, accounts: &[AccountView]) -> String {
    let mut text = format!("{}  {}\n", units.root_id, units.organization_id);
    draw(units, accounts, None, 1, &mut text);
    text
}

fn draw(units: &Units, accounts: &[AccountView], unit: Option<&UnitView>, depth: usize, text: &mut String) {
    let (inner, own) = within(units, accounts, unit);
    let margin = "  ".repeat(depth);
    for account in own {
        let part = match (account.management, account.delegated_administrator) {
            (true, _) => "  (management)",
            (false, true) => "  (delegated administrator)",
            (false, false) => "",
        };
        text.push_str(&format!("{margin}{}  {}{part}\n", account.account_id, harmless(&account.name)));
    }
    for unit in inner {
        text.push_str(&format!("{margin}{}/  {}\n", harmless(&unit.name), unit.id));
        draw(units, accounts, Some(unit), depth + 1, text);
    }
}

/// The same for programs.
fn nested(units: &Units, accounts: &[AccountView]) -> Value {
    fn place(units: &Units, accounts: &[AccountView], unit: Option<&UnitView>) -> (Value, Value) {
        let (inner, own) = within(units, accounts, unit);
        let inner = inner.map(|unit| {
            let (units, accounts) = place(units, accounts, Some(unit));
            json!({ "Id": unit.id, "Name": unit.name, "Path": unit.path, "Units": units, "Accounts": accounts })
        });
        (inner.collect(), own.map(|account| json!(account)).collect())
    }
    let (inner, own) = place(units, accounts, None);
    json!({
        "OrganizationId": units.organization_id,
        "RootId": units.root_id,
        "Units": inner,
        "Accounts": own,
    })
}
