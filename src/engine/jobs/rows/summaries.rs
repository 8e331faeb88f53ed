//! How many jobs there were, told apart by some of their columns.

use crate::domain::{Region, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::millis;
use crate::engine::error::Result;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// How jobs are told apart by a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension<'a> {
    /// Each value is counted for itself.
    Each,
    /// All values together, under this name.
    Together(&'a str),
    /// Only this value; case does not matter.
    Only(&'a str),
}

/// So many jobs, with the values of the columns that they are told apart by, in the order in which these were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub number: i64,
    /// The values.
    pub values: Vec<String>,
}

/// A count of the jobs of a region that were created in a period, the end not included.
pub struct Count {
    table: &'static str,
    columns: Vec<String>,
    groups: Vec<&'static str>,
    conditions: Vec<String>,
    parameters: Vec<Value>,
}

impl Count {
    /// Of a table of jobs.
    pub fn new(table: &'static str, region: &Region, start: Time, end: Time) -> Self {
        Self {
            table,
            columns: Vec::new(),
            groups: Vec::new(),
            conditions: ["region = ?", "created >= ?", "created < ?"].map(str::to_owned).to_vec(),
            parameters: vec![region.to_string().into(), millis(start).into(), millis(end).into()],
        }
    }

    /// Jobs are told apart by a column, too.
    pub fn by(&mut self, column: &'static str, dimension: Dimension<'_>) {
        match dimension {
            Dimension::Together(name) => self.columns.push(format!("'{name}'")),
            Dimension::Each => {
                self.columns.push(format!("coalesce({column}, '')"));
                self.groups.push(column);
            }
            Dimension::Only(value) => {
                self.columns.push(format!("coalesce({column}, '')"));
                self.groups.push(column);
                self.conditions.push(format!("{column} = ? COLLATE NOCASE"));
                self.parameters.push(value.to_owned().into());
            }
        }
    }

    /// Counts.
    pub fn read(&self, connection: &Connection) -> Result<Vec<Counted>> {
        query::all(connection, &self.sql(), params_from_iter(&self.parameters), |row| {
            let values = (1..=self.columns.len()).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
            Ok(Counted { number: row.get(0)?, values })
        })
    }

    /// Groups that nothing falls into do not appear, nor does a sum of nothing.
    fn sql(&self) -> String {
        let (table, columns) = (self.table, self.columns.join(", "));
        let conditions = self.conditions.join(" AND ");
        let groups = if self.groups.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {0} ORDER BY {0}", self.groups.join(", "))
        };
        format!(
            "SELECT * FROM (SELECT count(*) AS number, {columns} FROM {table} WHERE {conditions}{groups}) WHERE number > 0"
        )
    }
}
