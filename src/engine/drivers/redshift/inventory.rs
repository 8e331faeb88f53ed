//! What a database holds beside its rows, as it says itself.

use super::rows;
use super::rows::model::{Column, Database, Owner, Rule, Sequence, Table, View, named, quoted};
use super::session::Session;
use crate::engine::drivers::Fault;

/// Types of Redshift whose values have no text that reads back.
const NO_TEXT: [&str; 5] = ["super", "varbyte", "binary varying", "geometry", "geography"];

/// What a server is.
pub(super) struct Server {
    pub(super) version: String,
    pub(super) is_redshift: bool,
}

/// Asks a server what it is, and refuses one whose texts are of no known encoding.
pub(super) fn look(session: &mut Session) -> Result<Server, Fault> {
    let rows = session.ask(rows::LOOK)?;
    let first: Option<[String; 2]> = rows.into_iter().next().and_then(|row| row.try_into().ok());
    let [version, encoding] = first.ok_or_else(|| {
        Fault::Failed(format!("The server at {} does not say what it is as Redshift does.", session.address().place()))
    })?;
    if encoding == "SQL_ASCII" {
        let found = format!("The database {} with the encoding SQL_ASCII", session.address().database);
        return Err(Fault::Unsupported { found, needs: "one whose texts are of a known encoding".to_owned() });
    }
    Ok(Server { is_redshift: version.contains("Redshift"), version })
}

/// A table, a view or a sequence, as it is listed.
struct Relation {
    schema: String,
    name: String,
    kind: String,
    oid: String,
}

/// What there is to back up, and what is left out of it.
pub(super) struct Found {
    pub(super) database: Database,
    pub(super) others: Vec<(String, String)>,
}

/// All of it, of the moment of the session's transaction.
pub(super) fn find(session: &mut Session, server: &Server) -> Result<Found, Fault> {
    let schemas = session.ask(&rows::schemas())?.into_iter().filter_map(|row| row.into_iter().next()).collect();
    let relations = relations(session)?;
    let held: Vec<String> =
        relations.iter().filter(|of| of.kind == "r").map(|of| named(&of.schema, &of.name)).collect();
    if !held.is_empty() && !server.is_redshift {
        session.order(&rows::hold(&held.join(", ")))?;
    }
    let needed = session.ask(&rows::needed())?;
    if let Some(function) = needed.first().and_then(|row| row.first()) {
        let found =
            format!("The database {} with tables that need the function {function}", session.address().database);
        return Err(Fault::Unsupported {
            found,
            needs: "one whose tables need no functions of users or extensions".to_owned(),
        });
    }
    let mut database = Database { schemas, ..Database::default() };
    // A view is listed after those that it is made of: one is older than what was made of it.
    let mut views: Vec<&Relation> = relations.iter().filter(|of| of.kind == "v").collect();
    views.sort_by_key(|of| of.oid.parse::<u64>().unwrap_or_default());
    for of in views {
        let definition = first(session.ask(&rows::view(&of.oid))?);
        database.views.push(View { schema: of.schema.clone(), name: of.name.clone(), definition });
    }
    for of in &relations {
        match of.kind.as_str() {
            "r" => database.tables.push(table(session, server, of)?),
            "S" => database.sequences.extend(sequence(session, of)?),
            _ => {}
        }
    }
    let others = session.ask(&rows::others(server.is_redshift))?;
    let mut others: Vec<(String, String)> = others
        .into_iter()
        .filter_map(|row| <[String; 2]>::try_from(row).ok())
        .map(|[kind, name]| (kind, name))
        .collect();
    let materialized = relations.iter().filter(|of| of.kind == "m");
    others.extend(materialized.map(|of| ("materialized view".to_owned(), format!("{}.{}", of.schema, of.name))));
    Ok(Found { database, others })
}

fn first(rows: Vec<Vec<String>>) -> String {
    rows.into_iter().next().and_then(|row| row.into_iter().next()).unwrap_or_default()
}

fn relations(session: &mut Session) -> Result<Vec<Relation>, Fault> {
    let mut found = Vec::new();
    for row in session.ask(&rows::relations())? {
        let Ok([schema, name, kind, may_read, oid, inherits]) = <[String; 6]>::try_from(row) else { continue };
        let address = session.address();
        if may_read != "t" && matches!(kind.as_str(), "r" | "S") {
            return Err(Fault::Denied(format!(
                "The user {} may not read {schema}.{name} in the database {} of the server at {}: grant it SELECT.",
                address.user,
                address.database,
                address.place()
            )));
        }
        let parted = matches!(kind.as_str(), "p" | "f") || (kind == "r" && inherits == "t");
        if parted {
            return Err(Fault::Unsupported {
                found: format!(
                    "{schema}.{name} in the database {}, which is partitioned, inherited or foreign,",
                    address.database
                ),
                needs: "a table such as Redshift has (the whole server can be backed up as RDS)".to_owned(),
            });
        }
        found.push(Relation { schema, name, kind, oid });
    }
    Ok(found)
}

fn table(session: &mut Session, server: &Server, of: &Relation) -> Result<Table, Fault> {
    let mut table = Table { schema: of.schema.clone(), name: of.name.clone(), ..Table::default() };
    let shown = format!("{}.{}", of.schema, of.name);
    let unfit = |what: String| Fault::Unsupported {
        found: format!("{shown} with {what}"),
        needs: "a type of the server's own that has a text".to_owned(),
    };
    for row in session.ask(&rows::columns(&of.oid, server.is_redshift))? {
        let Ok([name, kind, not_null, default, identity, generated, schema, collation, collated]) =
            <[String; 9]>::try_from(row)
        else {
            continue;
        };
        if schema != "pg_catalog" || NO_TEXT.contains(&kind.as_str()) {
            return Err(unfit(format!("the column {name} of the type {kind}")));
        }
        if !collation.is_empty() && collated != "pg_catalog" {
            return Err(unfit(format!("the column {name} of the collation {collation}")));
        }
        let some = |text: String| (!text.is_empty()).then_some(text);
        let (default, collation) = (some(default), some(collation));
        table.columns.push(Column { name, kind, collation, not_null: not_null == "t", default, identity, generated });
    }
    if table.stored().next().is_none() {
        return Err(unfit("no column that holds anything".to_owned()));
    }
    for row in session.ask(&rows::constraints(&of.oid))? {
        let Ok([name, kind, definition]) = <[String; 3]>::try_from(row) else { continue };
        let rule = Rule { name, definition };
        if kind == "f" { table.references.push(rule) } else { table.rules.push(rule) }
    }
    table.key = session.ask(&rows::key(&of.oid))?.into_iter().filter_map(|row| row.into_iter().next()).collect();
    if !server.is_redshift {
        table.indexes =
            session.ask(&rows::indexes(&of.oid))?.into_iter().filter_map(|row| row.into_iter().next()).collect();
    }
    Ok(table)
}

fn sequence(session: &mut Session, of: &Relation) -> Result<Option<Sequence>, Fault> {
    let rows = session.ask(&rows::sequence(&named(&of.schema, &of.name), &of.oid))?;
    let row: Option<[String; 13]> = rows.into_iter().next().and_then(|row| row.try_into().ok());
    Ok(row.map(
        |[last_value, is_called, by, least, most, start, cache, cycles, kind, belongs, schema, table, column]| {
            let cycle = if cycles == "t" { "CYCLE" } else { "NO CYCLE" };
            let numbers = [
                ("INCREMENT BY", by),
                ("MINVALUE", least),
                ("MAXVALUE", most),
                ("START WITH", start),
                ("CACHE", cache),
            ];
            let numbers = numbers.into_iter().map(|(what, number)| format!("{what} {number}"));
            Sequence {
                schema: of.schema.clone(),
                name: of.name.clone(),
                kind,
                last_value,
                is_called: is_called == "t",
                options: numbers.chain([cycle.to_owned()]).collect(),
                is_internal: belongs == "i",
                owner: (!belongs.is_empty()).then_some(Owner { schema, table, column }),
            }
        },
    ))
}

/// What was left out, as a sentence.
pub(super) fn left_out(others: &[(String, String)]) -> Option<String> {
    const NAMED: usize = 5;
    let named: Vec<String> =
        others.iter().take(NAMED).map(|(kind, name)| format!("the {kind} {}", quoted(name))).collect();
    let more = others.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!others.is_empty()).then(|| format!("Not in the backup, which holds tables and views: {}{more}", named.join(", ")))
}
