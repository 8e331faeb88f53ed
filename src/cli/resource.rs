//! `vaultdeck resource`: what the engine can protect.

use super::arguments::{PlainFormat, ResourceCommand, RowOptions, ScopeOptions, WithinOptions};
use super::failure::{Exit, Failure};
use super::format::Format;
use super::host::{Host, Purpose};
use super::output::{self, Column, Show};
use super::sieve::{Known, Sieve};
use super::{Session, rows, secret};
use crate::domain::Arn;
use crate::domain::extension::{AddResource, ResourceAdded, ResourceProbe, ResourceView};

const COLUMNS: [Column; 5] = [
    Column { title: "TYPE", member: "ResourceType", show: Show::Plain },
    Column { title: "NAME", member: "Name", show: Show::Plain },
    Column { title: "LOCATION", member: "Path", show: Show::Plain },
    Column { title: "TAGS", member: "Tags", show: Show::Plain },
    Column { title: "ARN", member: "ResourceArn", show: Show::Plain },
];

/// What else is told of a resource, to programs and to filters.
const MORE: [Column; 2] = [
    Column { title: "ACCOUNT", member: "AccountId", show: Show::Plain },
    Column { title: "REGION", member: "Region", show: Show::Plain },
];

pub(super) async fn run(session: &Session, command: ResourceCommand) -> Result<Exit, Failure> {
    let prepared = match command {
        ResourceCommand::Add { resource_type, name, location, secret_file, tags, dry_run, scope, output } => {
            let ScopeOptions { account, region } = scope;
            let request = AddResource {
                resource_type,
                name,
                location: location.read()?,
                secret: secret_file.as_deref().map(secret::read).transpose()?,
                tags: tags.into_iter().collect(),
                account_id: account.map(String::from),
                region: region.map(String::from),
            };
            if dry_run { Prepared::Probe(request, output) } else { Prepared::Add(request, output) }
        }
        ResourceCommand::List { within, rows } => {
            let sieve = Sieve::new(Known::columns(&COLUMNS).and_columns(&MORE), &rows)?;
            Prepared::List(within, sieve, rows)
        }
        ResourceCommand::Remove { arn, force } => Prepared::Remove(arn, force),
    };
    let host = Host::reach(session, Purpose::Look).await?;
    let done = carry_out(&host, prepared).await;
    host.close().await;
    done
}

/// A command whose arguments were checked, before any engine is opened.
enum Prepared {
    Add(AddResource, PlainFormat),
    Probe(AddResource, PlainFormat),
    List(WithinOptions, Sieve, RowOptions),
    Remove(Arn, bool),
}

async fn carry_out(host: &Host, command: Prepared) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    match command {
        Prepared::Add(request, format) => {
            let arn = host.control().add_resource(&request).await?;
            match format {
                PlainFormat::Text => output::write(&format!("{arn}\n")),
                PlainFormat::Json => output::print_json(&ResourceAdded { resource_arn: arn.into() }),
            }
        }
        Prepared::Probe(request, format) => {
            let found = host.control().probe_resource(&request).await?;
            match format {
                PlainFormat::Text => output::write(&told(&found)),
                PlainFormat::Json => output::print_json(&found),
            }
        }
        Prepared::List(within, mut sieve, options) => {
            let mut resources = host.control().resources().await?;
            sieve.name_accounts_of(host).await;
            resources.retain(|resource| lies_within(resource, &within) && sieve.passes(&row(resource)));
            exit = sieve.ends(exit);
            if options.output == Format::Json {
                output::print_json(&resources)
            } else {
                output::print(&COLUMNS, &resources.iter().map(row).collect::<Vec<_>>(), options.output)
            }
        }
        Prepared::Remove(arn, force) => Ok(host.control().remove_resource(&arn, force).await?),
    }?;
    Ok(exit)
}

/// A row of the list, in which what has no path has its location in words.
fn row(resource: &ResourceView) -> output::Row {
    let mut row = rows::of(resource);
    row.entry("Path").or_insert_with(|| resource.location.to_string().into());
    row
}

/// What was found, a fact a line.
fn told(found: &ResourceProbe) -> String {
    let continuous = found.continuous.as_ref().map(|continuous| {
        let missing = continuous.missing.as_deref().unwrap_or("possible");
        ("Continuous backup".to_owned(), missing.to_owned())
    });
    let registered = found.resource_arn.as_ref().map(|arn| ("Registered already".to_owned(), arn.clone()));
    let facts = found.facts.iter().map(|(name, value)| (name.clone(), value.clone()));
    let lines = [("Location".to_owned(), found.location.to_string())].into_iter().chain(facts);
    let lines = lines.chain(continuous).chain(registered).map(|(name, value)| format!("{name:20}{value}"));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn lies_within(resource: &ResourceView, within: &WithinOptions) -> bool {
    within.account.as_ref().is_none_or(|account| account.as_str() == resource.account_id)
        && within.region.as_ref().is_none_or(|region| region.as_str() == resource.region)
}
