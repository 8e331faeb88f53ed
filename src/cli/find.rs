//! `vaultdeck find`: where a file is, and which recovery points hold which version of it.

use super::Session;
use super::arguments::FindOptions;
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::output::{self, Column, Row, Show};
use super::sieve::{Known, Sieve};
use crate::client::query::Place;
use crate::client::versions::versions;
use crate::client::{Answer, Key, Query};

const COLUMNS: [Column; 7] = [
    Column { title: "SIZE", member: "Size", show: Show::Bytes },
    Column { title: "MODIFIED", member: "Modified", show: Show::Time },
    Column { title: "FIRST IN", member: "OldestCreationDate", show: Show::Time },
    Column { title: "LAST IN", member: "NewestCreationDate", show: Show::Time },
    Column { title: "RESOURCE", member: "ResourceName", show: Show::Plain },
    Column { title: "PATH", member: "Path", show: Show::Plain },
    Column { title: "NEWEST POINT", member: "NewestRecoveryPointArn", show: Show::Plain },
];

pub(super) async fn run(session: &Session, options: &FindOptions) -> Result<Exit, Failure> {
    let sieve = Sieve::new(Known::columns(&COLUMNS), &options.rows)?;
    let reached = Reached::open(session, &options.place, &[], false, Purpose::Look).await?;
    let found = find(&reached, &sieve, options).await;
    reached.close().await;
    found
}

async fn find(reached: &Reached, sieve: &Sieve, options: &FindOptions) -> Result<Exit, Failure> {
    let mut scope = reached.connection.home_scope().await?;
    let place = match (&options.resource, &options.vault) {
        (Some(resource), _) => {
            let arn = super::backup::resource(reached, resource).await?;
            scope = arn.scope().unwrap_or(scope);
            Place::Resource(arn)
        }
        (None, vault) => Place::Vault(vault.clone().unwrap_or_default()),
    };
    let scope = options.scope.clone().or(scope);
    let query = Query::Find { place, name: options.name.clone(), is_regex: options.regex };
    let Answer::Found(told) = reached.connection.read(Key::scoped(scope, query)).await? else {
        return Err(Failure::failed("the engine answered something else"));
    };
    let rows: Vec<Row> = versions(&told.points).iter().map(output::row_of).collect();
    sieve.print(&COLUMNS, rows, &options.rows)?;
    for point in &told.unread {
        output::say(&format!("vaultdeck: {}: not looked through: {}", point.recovery_point_arn, point.reason));
    }
    if told.more {
        output::say("vaultdeck: there are more; look for less at a time");
    }
    Ok(if told.more || !told.unread.is_empty() { Exit::DoneWithIssues } else { Exit::Done })
}
