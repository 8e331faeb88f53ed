//! What `pg_dump` writes of an item, as a file.

use super::asked::{Item, Table};
use super::{PATIENCE, needed, rows};
use crate::engine::drivers::Fault;
use crate::engine::drivers::item::file::NewFile;
use crate::engine::drivers::postgresql::scratch::Server;
use crate::engine::drivers::psql::programs::Programs;

/// Makes a file of what `pg_dump` writes: all of a database, or these tables of it.
pub(super) fn dump(
    into: &NewFile<'_>,
    programs: &Programs,
    server: &Server,
    item: &Item,
    tables: &[Table],
) -> Result<(), Fault> {
    let usual = ["--format=custom", "--no-owner", "--no-privileges", "--no-password"];
    let mut program = usual.iter().fold(needed(programs, "pg_dump")?, |program, argument| program.arg(argument));
    for argument in of_tables(tables) {
        program = program.arg(argument);
    }
    let program = server.reach(program, &item.database);
    into.write(|file| into.pour(program.start(PATIENCE)?, file))
}

/// What picks these tables; all of a database without any, but that nobody is told of what becomes new in it, and it asks nobody.
fn of_tables(tables: &[Table]) -> Vec<String> {
    if tables.is_empty() {
        return ["--no-subscriptions", "--no-publications"].map(str::to_owned).into();
    }
    let picked = tables.iter().map(|table| {
        let (schema, name) = (rows::quoted(&table.schema), rows::quoted(&table.name));
        format!("--table={schema}.{name}")
    });
    ["--strict-names".to_owned()].into_iter().chain(picked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_with_each_of_its_parts_and_a_database_with_no_subscription() {
        let table = |schema: &str, name: &str| Table { schema: schema.to_owned(), name: name.to_owned() };
        let picked = of_tables(&[table("b", "c\"d"), table("x", "part")]);
        assert_eq!(picked, ["--strict-names", "--table=\"b\".\"c\"\"d\"", "--table=\"x\".\"part\""]);
        assert!(of_tables(&[]).contains(&"--no-subscriptions".to_owned()));
    }
}
