//! The lists of jobs: quick whatever they are filtered by, also when nothing fits.
//!
//! The newest jobs that fit are looked for in ordered runs, of which each is walked only as far as it can still add to the
//! page:
//!
//! * of one resource, or one parent: that index;
//! * by what has few values (account, vault, type, state, category): a run for each combination of them that occurs, from the
//!   table of facets, which triggers keep;
//! * by when they ended: as the order is that of creation, the bounds on the end are turned into bounds on the creation; or,
//!   where few jobs ended in that time, these alone are read and sorted.

use crate::domain::Time;
use crate::engine::catalog::paging::{self, Digest, Position};
use crate::engine::catalog::values::millis;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::page::{Page, PageRequest};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Up to so many jobs that ended within the bounds are read and sorted rather than looked for in the order of creation.
const FEW: i64 = 5000;

/// What a filter by message category says when it means all of them.
const ALL_CATEGORIES: [&str; 3] = ["*", "ANY", "AGGREGATE_ALL"];

/// A list of jobs of one region, the newest first.
pub(in crate::engine) struct JobList {
    table: &'static JobTable,
    digest: Digest,
    region: String,
    /// The column that this is of.
    region_column: &'static str,
    /// A condition on a column that must not have a value.
    other_than: Option<(&'static str, String)>,
    /// Jobs that are listed as well: no job is in both.
    beside: Option<Box<JobList>>,
    /// Conditions on columns that the table of facets has too.
    facets: Vec<(&'static str, String)>,
    /// A condition on a column with an index of its own, and that index.
    single: Option<(&'static str, String, &'static str)>,
    /// Further conditions of that kind.
    also: Vec<(&'static str, String)>,
    /// Bounds on columns that no index orders.
    others: Vec<(&'static str, Bounds)>,
    created: Bounds,
    completed: Bounds,
    nothing: bool,
}

/// Open bounds, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Bounds {
    after: Option<i64>,
    before: Option<i64>,
}

/// When a job was created, and its id: the order of the list.
type Key = (i64, String);

/// One statement that gives keys.
pub(in crate::engine) struct Run {
    pub(in crate::engine) sql: String,
    pub(in crate::engine) parameters: Vec<Value>,
    /// Whether the newest come first; if not, there are few.
    ordered: bool,
}

impl JobList {
    pub(in crate::engine) fn new(table: &'static JobTable, region: &str) -> Self {
        let mut this = Self {
            table,
            digest: Digest::of(table.rows),
            region: region.to_owned(),
            region_column: "region",
            other_than: None,
            beside: None,
            facets: Vec::new(),
            single: None,
            also: Vec::new(),
            others: Vec::new(),
            created: Bounds::default(),
            completed: Bounds::default(),
            nothing: false,
        };
        this.digest.add(&region);
        this
    }

    /// The region is that of another column; to be used with [`one`](Self::one).
    pub(in crate::engine) fn in_region_of(mut self, column: &'static str) -> Self {
        self.region_column = column;
        self
    }

    /// Only jobs of which `column` is not `value`; to be used with [`one`](Self::one).
    pub(in crate::engine) fn other_than(&mut self, column: &'static str, value: &str) {
        self.other_than = Some((column, value.to_owned()));
    }

    /// And the jobs of another list, which has none of these, and is asked for by the same filters.
    pub(in crate::engine) fn with(mut self, other: Self) -> Self {
        self.beside = Some(Box::new(other));
        self
    }

    /// Only jobs of which `column`, one of those of the facets, is `value`.
    pub(in crate::engine) fn facet(&mut self, column: &'static str, value: Option<&str>) {
        self.digest.add(&value);
        self.facets.extend(value.map(|value| (column, value.to_owned())));
    }

    /// Only jobs of this message category; some words mean all of them.
    pub(in crate::engine) fn category(&mut self, category: Option<&str>) {
        self.facet("message_category", category.filter(|category| !ALL_CATEGORIES.contains(category)));
    }

    /// Only jobs of which `column` is `value`; few are, and `index` has them in the order of creation.
    pub(in crate::engine) fn one(&mut self, column: &'static str, value: Option<&str>, index: &'static str) {
        self.digest.add(&value);
        let Some(value) = value else { return };
        if self.single.is_none() {
            self.single = Some((column, value.to_owned(), index));
        } else {
            self.also.push((column, value.to_owned()));
        }
    }

    /// Only jobs of which `column` lies after and before these moments; the jobs are looked at one by one for it.
    pub(in crate::engine) fn within(&mut self, column: &'static str, after: Option<Time>, before: Option<Time>) {
        let bounds = Bounds::of(after, before);
        self.digest.add(&(bounds.after, bounds.before));
        self.others.push((column, bounds));
    }

    /// Only jobs created after and before these moments.
    pub(in crate::engine) fn created(&mut self, after: Option<Time>, before: Option<Time>) {
        self.created = Bounds::of(after, before);
        self.digest.add(&(self.created.after, self.created.before));
    }

    /// Only jobs that ended after and before these moments.
    pub(in crate::engine) fn completed(&mut self, after: Option<Time>, before: Option<Time>) {
        self.completed = Bounds::of(after, before);
        self.digest.add(&(self.completed.after, self.completed.before));
    }

    /// No job at all.
    pub(in crate::engine) fn nothing(&mut self) {
        self.nothing = true;
    }

    /// One page.
    pub(in crate::engine) fn page<T>(
        mut self,
        connection: &Connection,
        request: &PageRequest,
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Page<T>> {
        let limit = paging::page_size(request)?;
        let list = std::mem::take(&mut self.digest).finish();
        let after = request.next_token.as_deref().map(|token| Position::read(token, &list)).transpose()?;
        if self.nothing {
            return Ok(Page::empty());
        }
        let after = after.as_ref().map(|position| (position.number, position.text.clone()));
        let mut keys = self.newest(connection, after.as_ref(), limit + 1)?;
        let more = keys.len() > limit;
        keys.truncate(limit);
        let next_token = match keys.last().filter(|_| more) {
            Some((created, id)) => Some(Position { number: *created, text: id.clone() }.write(list)?),
            None => None,
        };
        let sql = format!("SELECT {} FROM {} WHERE id = ?1", self.table.columns, self.table.rows);
        let mut statement = connection.prepare_cached(&sql)?;
        let one = |(_, id): &Key| -> Result<T> {
            let row = statement.query_row([id], |row| Ok(map(row))).optional()?;
            row.ok_or_else(|| Error::Internal(format!("job {id} is in an index of the catalog and not in its table")))?
        };
        Ok(Page { items: keys.iter().map(one).collect::<Result<_>>()?, next_token })
    }

    /// The `number` newest keys behind `after`.
    fn newest(&self, connection: &Connection, after: Option<&Key>, number: usize) -> Result<Vec<Key>> {
        let mut newest: BinaryHeap<Reverse<Key>> = BinaryHeap::with_capacity(number + 1);
        for run in self.runs(connection, after)? {
            let mut statement = connection.prepare_cached(&run.sql)?;
            let mut rows = statement.query(params_from_iter(&run.parameters))?;
            while let Some(row) = rows.next()? {
                let key: Key = (row.get(0)?, row.get(1)?);
                if newest.len() == number {
                    if newest.peek().is_some_and(|Reverse(oldest)| key < *oldest) {
                        if run.ordered {
                            break;
                        }
                        continue;
                    }
                    newest.pop();
                }
                newest.push(Reverse(key));
            }
        }
        // Ascending in the reversed order: the newest first.
        Ok(newest.into_sorted_vec().into_iter().map(|Reverse(key)| key).collect())
    }

    /// The statements that together give every key that fits.
    pub(in crate::engine) fn runs(&self, connection: &Connection, after: Option<&Key>) -> Result<Vec<Run>> {
        let mut runs = self.own_runs(connection, after)?;
        if let Some(beside) = &self.beside {
            runs.extend(beside.own_runs(connection, after)?);
        }
        Ok(runs)
    }

    fn own_runs(&self, connection: &Connection, after: Option<&Key>) -> Result<Vec<Run>> {
        if let Some((column, value, index)) = &self.single {
            let mut run = Conditions::default();
            run.equal(column, value);
            self.all_equal(&mut run);
            return Ok(vec![self.ordered(run, index, after, self.created)]);
        }
        if self.completed.is_any() && self.few_ended(connection)? {
            let mut run = self.ended();
            self.all_equal(&mut run);
            run.within("created", self.created);
            self.all_within(&mut run);
            run.behind(after);
            return Ok(vec![run.run(self.table.rows, self.table.by_completion, false)]);
        }
        let facets = self.fitting(connection)?;
        if self.facets.is_empty() {
            let longest = facets.iter().map(|(_, longest)| *longest).max().unwrap_or(0);
            let mut run = Conditions::default();
            run.equal("region", &self.region);
            return Ok(vec![self.ordered(run, self.table.by_time, after, self.created_within(longest))]);
        }
        let one = |(id, longest): (i64, i64)| {
            let mut run = Conditions::default();
            run.add("facet = ?", Value::Integer(id));
            self.ordered(run, self.table.by_facet, after, self.created_within(longest))
        };
        Ok(facets.into_iter().map(one).collect())
    }

    fn ordered(&self, mut run: Conditions, index: &str, after: Option<&Key>, created: Bounds) -> Run {
        run.within("created", created);
        run.within("completed", self.completed);
        self.all_within(&mut run);
        run.behind(after);
        run.run(self.table.rows, index, true)
    }

    /// The combinations of facets that fit, with how long their longest job took.
    fn fitting(&self, connection: &Connection) -> Result<Vec<(i64, i64)>> {
        let mut conditions = Conditions::default();
        conditions.equal("region", &self.region);
        for (column, value) in &self.facets {
            conditions.equal(column, value);
        }
        let sql = format!("SELECT id, longest FROM {} WHERE {}", self.table.facets, conditions.sql());
        let mut statement = connection.prepare_cached(&sql)?;
        let rows =
            statement.query_map(params_from_iter(&conditions.parameters), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Where a job was created that ended within the bounds and took at most so long.
    fn created_within(&self, longest: i64) -> Bounds {
        let later = |a: Option<i64>, b: Option<i64>| a.max(b);
        let earlier = |a: Option<i64>, b: Option<i64>| [a, b].into_iter().flatten().min();
        Bounds {
            after: later(self.created.after, self.completed.after.map(|after| after.saturating_sub(longest + 1))),
            before: earlier(self.created.before, self.completed.before),
        }
    }

    fn ended(&self) -> Conditions {
        let mut run = Conditions::default();
        run.equal("region", &self.region);
        run.within("completed", self.completed);
        run
    }

    fn few_ended(&self, connection: &Connection) -> Result<bool> {
        let ended = self.ended();
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} INDEXED BY {} WHERE {} LIMIT {})",
            self.table.rows,
            self.table.by_completion,
            ended.sql(),
            FEW + 1
        );
        let count: i64 =
            connection.prepare_cached(&sql)?.query_row(params_from_iter(&ended.parameters), |row| row.get(0))?;
        Ok(count <= FEW)
    }

    fn all_within(&self, run: &mut Conditions) {
        for (column, bounds) in &self.others {
            run.within(column, *bounds);
        }
    }

    fn all_equal(&self, run: &mut Conditions) {
        run.equal(self.region_column, &self.region);
        for (column, value) in self.facets.iter().chain(&self.also) {
            run.equal(column, value);
        }
        if let Some((column, value)) = &self.other_than {
            run.add(&format!("{column} <> ?"), Value::Text(value.clone()));
        }
    }
}

impl Bounds {
    fn of(after: Option<Time>, before: Option<Time>) -> Self {
        Self { after: after.map(millis), before: before.map(millis) }
    }

    fn is_any(self) -> bool {
        self.after.is_some() || self.before.is_some()
    }
}

/// Conditions and their values.
#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    parameters: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, text: &str, value: Value) {
        self.texts.push(text.to_owned());
        self.parameters.push(value);
    }

    fn equal(&mut self, column: &str, value: &str) {
        // The API compares categories without regard to case; in the jobs' own table the column does not.
        let folded = if column == "message_category" { " COLLATE NOCASE" } else { "" };
        self.add(&format!("{column} = ?{folded}"), Value::Text(value.to_owned()));
    }

    fn within(&mut self, column: &str, bounds: Bounds) {
        for (operator, bound) in [(">", bounds.after), ("<", bounds.before)] {
            if let Some(bound) = bound {
                self.add(&format!("{column} {operator} ?"), Value::Integer(bound));
            }
        }
    }

    fn behind(&mut self, after: Option<&Key>) {
        if let Some((created, id)) = after {
            self.texts.push("(created, id) < (?, ?)".to_owned());
            self.parameters.extend([Value::Integer(*created), Value::Text(id.clone())]);
        }
    }

    fn sql(&self) -> String {
        self.texts.join(" AND ")
    }

    fn run(self, table: &str, index: &str, ordered: bool) -> Run {
        let order = if ordered { " ORDER BY created DESC, id DESC" } else { "" };
        let sql = format!("SELECT created, id FROM {table} INDEXED BY {index} WHERE {}{order}", self.sql());
        Run { sql, parameters: self.parameters, ordered }
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
