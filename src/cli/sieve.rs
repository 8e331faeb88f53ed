//! `--filter`: which rows of a list are printed, in the language of the dashboard's lists.

use super::failure::{Exit, Failure};
use super::format::RowOptions;
use super::host::Host;
use super::output::{self, Column, Row, Show};
use crate::client::attributes::Attribute;
use crate::client::connect::Connection;
use crate::domain::Time;
use crate::domain::filter::{Field, Fields, Filter, Told};
use crate::domain::value::{Unit, Value};
use chrono::Utc;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

/// What is told of the rows of a list: the fields of filters, each with the member of the rows that it is.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<(Field, &'static str)>);

impl Known {
    /// What the columns show.
    pub(super) fn columns(columns: &[Column]) -> Self {
        Self::default().and_columns(columns)
    }

    /// What else rows have that these columns would show.
    pub(super) fn and_columns(mut self, columns: &[Column]) -> Self {
        let unit = |show| match show {
            Show::Plain => Unit::None,
            Show::Bytes => Unit::Bytes,
            Show::Number => Unit::Pieces,
            Show::Time => Unit::Moment,
        };
        let fields = columns.iter().map(|column| (Field::titled(column.title, unit(column.show), &[]), column.member));
        self.0.extend(fields);
        self
    }

    /// What is told of records of a kind; it knows what its columns do not: the values that there can be.
    pub(super) fn records<T>(attributes: &[&'static Attribute<T>]) -> Self {
        Self::default().and_records(attributes)
    }

    /// The same of another kind in the same list.
    pub(super) fn and_records<T>(mut self, attributes: &[&'static Attribute<T>]) -> Self {
        self.0.extend(attributes.iter().map(|attribute| (attribute.field(), attribute.member)));
        self
    }
}

/// A filter over the rows of a list.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    filter: Filter,
    known: Vec<(Field, &'static str)>,
    /// The place of the field that is an account.
    account: Option<usize>,
    /// The names of accounts, which rows do not tell.
    names: BTreeMap<String, String>,
    /// Why a name that the filter has could not be looked up.
    unnamed: Option<String>,
    now: Time,
}

/// The member that says in which account a row is.
const ACCOUNT: &str = "AccountId";

impl Sieve {
    /// Reads the filter of a list, if there is one; exit code 2 says what is wrong with it.
    pub(super) fn new(known: Known, options: &RowOptions) -> Result<Self, Failure> {
        let fields = Fields::new(known.0.iter().map(|(field, _)| field.clone()));
        let text = options.filter.as_deref().unwrap_or_default();
        let now = Utc::now();
        let filter = Filter::parse(text, &fields, now).map_err(|error| Failure::usage(format!("--filter: {error}")))?;
        let account = known.0.iter().position(|(field, member)| *member == ACCOUNT && field.name == "account");
        Ok(Self { filter, known: known.0, account, names: BTreeMap::new(), unnamed: None, now })
    }

    /// Asks for the names of accounts, where the filter needs them. Where they are not told, accounts have only their ids.
    pub(super) async fn name_accounts(&mut self, connection: &Arc<Connection>) {
        if self.needs_names() {
            let accounts = connection.list_accounts().await;
            self.take_names(accounts.map(|all| all.iter().map(|one| (one.id.to_string(), one.name.clone())).collect()));
        }
    }

    /// The same of an engine.
    pub(super) async fn name_accounts_of(&mut self, host: &Host) {
        if self.needs_names() {
            let accounts = host.control().accounts().await;
            self.take_names(accounts.map(|all| all.into_iter().map(|one| (one.account_id, one.name)).collect()));
        }
    }

    fn take_names<E: Display>(&mut self, names: Result<BTreeMap<String, String>, E>) {
        match names {
            Ok(names) => self.names = names,
            Err(error) => {
                let is_id = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                let mut texts = self.account.into_iter().flat_map(|account| self.filter.texts_of(account));
                let name = texts.find(|text| !is_id(text));
                self.unnamed = name.map(|name| format!("--filter: whose name is {name} is not known: {error}"));
            }
        }
    }

    /// How a command ends that printed the rows that pass: with issues where it could not be told of all whether they do, which
    /// it says on standard error.
    pub(super) fn ends(&self, exit: Exit) -> Exit {
        match &self.unnamed {
            Some(why) => {
                output::say(&format!("vaultdeck: {why}"));
                if exit == Exit::Done { Exit::DoneWithIssues } else { exit }
            }
            None => exit,
        }
    }

    fn needs_names(&self) -> bool {
        self.account.is_some_and(|account| self.filter.asks_for(account))
    }

    /// Whether a row passes.
    pub(super) fn passes(&self, row: &Row) -> bool {
        self.filter.passes(&RowOf { row, sieve: self }, self.now)
    }

    /// Prints the rows that pass.
    pub(super) fn print(&self, columns: &[Column], mut rows: Vec<Row>, options: &RowOptions) -> Result<(), Failure> {
        rows.retain(|row| self.passes(row));
        output::print(columns, &rows, options.output)
    }
}

/// Prints the rows of a list that has nothing but its columns, those that pass its filter.
pub(super) fn print(columns: &[Column], rows: Vec<Row>, options: &RowOptions) -> Result<(), Failure> {
    Sieve::new(Known::columns(columns), options)?.print(columns, rows, options)
}

/// A row with what is known beside it.
struct RowOf<'a> {
    row: &'a Row,
    sieve: &'a Sieve,
}

impl Told for RowOf<'_> {
    fn words(&self, words: &mut String) {
        for value in self.row.values() {
            words.push_str(&output::plain(value));
            words.push(' ');
        }
    }
    fn any(&self, field: usize, passes: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
        let Some((of, member)) = self.sieve.known.get(field) else { return false };
        let told = self.row.get(*member).unwrap_or(&Json::Null);
        let name = told.as_str().filter(|_| self.sieve.account == Some(field)).and_then(|id| self.sieve.names.get(id));
        passes(&value(told, of.unit)) || name.is_some_and(|name| passes(&name.into()))
    }
}

/// What a member tells.
fn value(told: &Json, unit: Unit) -> Value<'_> {
    match told {
        Json::Null => Value::Nothing,
        Json::Bool(flag) => (*flag).into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().into(),
        },
        Json::String(text) if unit == Unit::Moment => {
            chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc)).into()
        }
        Json::String(text) => text.into(),
        Json::Array(_) | Json::Object(_) => Value::Text(output::plain(told).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::format::Format;

    fn sieve(filter: &str) -> Sieve {
        let options = RowOptions { filter: Some(filter.to_owned()), output: Format::default() };
        Sieve::new(Known::columns(&[Column { title: "ACCOUNT", member: ACCOUNT, show: Show::Plain }]), &options)
            .unwrap()
    }

    #[test]
    fn a_name_that_cannot_be_looked_up_is_an_issue_and_an_id_needs_none() {
        for (filter, exit) in [
            ("account:prod", Exit::DoneWithIssues),
            ("account=1111,prod", Exit::DoneWithIssues),
            ("account=111122223333 !account:44", Exit::Done),
            ("prod", Exit::Done),
        ] {
            let mut sieve = sieve(filter);
            sieve.take_names(Err("not authorized"));
            assert_eq!(sieve.ends(Exit::Done), exit, "{filter}");
            assert_eq!(sieve.ends(Exit::Failed), Exit::Failed);
        }
        let mut known = sieve("account:prod");
        known.take_names::<&str>(Ok(BTreeMap::new()));
        assert_eq!(known.ends(Exit::Done), Exit::Done);
    }
}
