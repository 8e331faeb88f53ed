//! What a database holds beside its rows, as it says itself.

use super::rows::model::{Column, Database, Owner, Rule, Sequence, Table, View, named, quoted};
use super::session::Session;
use super::{Seen, rows};
use crate::engine::drivers::Fault;

/// Types of Redshift whose values have no text that reads back.
const NO_TEXT: [&str; 5] = ["super", "varbyte", "binary varying", "geometry", "geography"];

/// How often tables are listed and held, while new ones are made.
const TIMES: usize = 5;

/// What a server is.
pub(super) struct Server {
    pub(super) version: String,
    pub(super) is_redshift: bool,
}

/// Asks a server what it is, and refuses one whose texts are of no known encoding.
pub(super) fn look(session: &mut Session) -> Result<Server, Fault> {
    let [version, encoding] = one(session, rows::LOOK, "the server itself")?;
    if encoding == "SQL_ASCII" {
        let found = format!("The database {} with the encoding SQL_ASCII", session.address().database);
        return Err(Fault::Unsupported { found, needs: "one whose texts are of a known encoding".to_owned() });
    }
    Ok(Server { is_redshift: version.contains("Redshift"), version })
}

/// What tells the database of a session from every other one.
pub(super) fn identify(session: &mut Session, server: Server) -> Result<Seen, Fault> {
    let of = "the server itself";
    let is_identified = !server.is_redshift && !column(session, rows::IS_IDENTIFIED, of)?.is_empty();
    let system_identifier =
        if is_identified { column(session, rows::IDENTIFIER, of)?.into_iter().next() } else { None };
    let database = column(session, rows::DATABASE, of)?.into_iter().next();
    Ok(Seen { version: server.version, system_identifier, database })
}

/// The rows of an answer, each of so many columns. One that is not is none to go on without: something would be left out.
fn ask<const N: usize>(session: &mut Session, question: &str, of: &str) -> Result<Vec<[String; N]>, Fault> {
    let rows = session.ask(question)?;
    let address = session.address();
    let rows = rows.into_iter().map(|row| {
        row.try_into().map_err(|row: Vec<String>| {
            let (place, database) = (address.place(), &address.database);
            Fault::Failed(format!(
                "The server at {place} says of {of} in the database {database} what cannot be read: {} columns where {N} were asked for.",
                row.len()
            ))
        })
    });
    rows.collect()
}

/// The one row of an answer.
fn one<const N: usize>(session: &mut Session, question: &str, of: &str) -> Result<[String; N], Fault> {
    let first = ask(session, question, of)?.into_iter().next();
    first.ok_or_else(|| {
        let (place, database) = (session.address().place(), &session.address().database);
        Fault::Failed(format!("The server at {place} says nothing of {of} in the database {database}."))
    })
}

/// The first column of each row.
fn column(session: &mut Session, question: &str, of: &str) -> Result<Vec<String>, Fault> {
    Ok(ask(session, question, of)?.into_iter().map(|[text]| text).collect())
}

/// A table, a view or a sequence, as it is listed.
struct Relation {
    schema: String,
    name: String,
    kind: String,
    oid: u64,
}

impl Relation {
    fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// What there is to back up, and what is left out of it.
pub(super) struct Found {
    pub(super) database: Database,
    pub(super) others: Vec<(String, String)>,
}

/// Begins a transaction whose moment is one at which all tables are held, and finds all that there is of it.
///
/// Tables are held first: what somebody emptied and filled again before they were would be seen empty by a moment before that. The
/// first question behind that makes the moment, and has to find no table but those.
pub(super) fn find(session: &mut Session) -> Result<(Server, Found), Fault> {
    for _ in 0..TIMES {
        let server = look(session)?;
        let listed = if server.is_redshift { Vec::new() } else { relations(session)? };
        let tables = |relations: &[Relation]| -> Vec<(u64, String)> {
            let tables = relations.iter().filter(|of| of.kind == "r");
            tables.map(|of| (of.oid, named(&of.schema, &of.name))).collect()
        };
        let held = tables(&listed);
        session.order(rows::BEGIN)?;
        if !held.is_empty() {
            let names: Vec<&str> = held.iter().map(|(_, name)| name.as_str()).collect();
            session.order(&rows::hold(&names.join(", ")))?;
        }
        let relations = relations(session)?;
        if server.is_redshift || tables(&relations).iter().all(|table| held.contains(table)) {
            let found = read(session, &server, &relations)?;
            return Ok((server, found));
        }
        session.order(rows::ROLLBACK)?;
    }
    let (place, database) = (session.address().place(), &session.address().database);
    Err(Fault::Temporary {
        why: format!(
            "Tables are made in the database {database} of the server at {place} faster than they are listed."
        ),
        after: chrono::Duration::seconds(60),
    })
}

/// All that is in these.
fn read(session: &mut Session, server: &Server, relations: &[Relation]) -> Result<Found, Fault> {
    let schemas = column(session, &rows::schemas(), "the schemas")?;
    if let Some(function) = column(session, &rows::needed(), "the functions")?.first() {
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
    views.sort_by_key(|of| of.oid);
    for of in views {
        let [definition] = one(session, &rows::view(of.oid), &of.shown())?;
        database.views.push(View { schema: of.schema.clone(), name: of.name.clone(), definition });
    }
    for of in relations {
        match of.kind.as_str() {
            "r" => database.tables.push(table(session, server, of)?),
            "S" => database.sequences.push(sequence(session, of)?),
            _ => {}
        }
    }
    let others = ask(session, &rows::others(server.is_redshift), "what is not backed up")?;
    let mut others: Vec<(String, String)> = others.into_iter().map(|[kind, name]| (kind, name)).collect();
    let materialized = relations.iter().filter(|of| of.kind == "m");
    others.extend(materialized.map(|of| ("materialized view".to_owned(), format!("{}.{}", of.schema, of.name))));
    Ok(Found { database, others })
}

fn relations(session: &mut Session) -> Result<Vec<Relation>, Fault> {
    let mut found = Vec::new();
    for [schema, name, kind, may_read, oid, inherits] in ask(session, &rows::relations(), "the tables")? {
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
        let oid = oid.parse().map_err(|_| Fault::Failed(format!("The server says no number of {schema}.{name}.")))?;
        found.push(Relation { schema, name, kind, oid });
    }
    Ok(found)
}

fn table(session: &mut Session, server: &Server, of: &Relation) -> Result<Table, Fault> {
    let mut table = Table { schema: of.schema.clone(), name: of.name.clone(), ..Table::default() };
    let shown = of.shown();
    let unfit = |what: String| Fault::Unsupported {
        found: format!("{shown} with {what}"),
        needs: "a type of the server's own that has a text".to_owned(),
    };
    for row in ask(session, &rows::columns(of.oid, server.is_redshift), &shown)? {
        let [name, kind, not_null, default, identity, generated, schema, collation, collated] = row;
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
    for [name, kind, definition] in ask(session, &rows::constraints(of.oid), &shown)? {
        let rule = Rule { name, definition };
        if kind == "f" { table.references.push(rule) } else { table.rules.push(rule) }
    }
    table.key = column(session, &rows::key(of.oid), &shown)?;
    if !server.is_redshift {
        table.indexes = column(session, &rows::indexes(of.oid), &shown)?;
    }
    Ok(table)
}

fn sequence(session: &mut Session, of: &Relation) -> Result<Sequence, Fault> {
    let asked = rows::sequence(&named(&of.schema, &of.name), of.oid);
    let [last_value, is_called, by, least, most, start, cache, cycles, kind, belongs, schema, table, column] =
        one(session, &asked, &of.shown())?;
    let cycle = if cycles == "t" { "CYCLE" } else { "NO CYCLE" };
    let numbers =
        [("INCREMENT BY", by), ("MINVALUE", least), ("MAXVALUE", most), ("START WITH", start), ("CACHE", cache)];
    let numbers = numbers.into_iter().map(|(what, number)| format!("{what} {number}"));
    Ok(Sequence {
        schema: of.schema.clone(),
        name: of.name.clone(),
        kind,
        last_value,
        is_called: is_called == "t",
        options: numbers.chain([cycle.to_owned()]).collect(),
        is_internal: belongs == "i",
        owner: (!belongs.is_empty()).then_some(Owner { schema, table, column }),
    })
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
