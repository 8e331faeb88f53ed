//! What a list shows, as text for other programs: its columns, its filter, its order.

use crate::client::text::{csv_cell, csv_text, markdown_cell};
use serde_json::{Map, Value};

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
    /// For tickets and chats.
    Markdown,
}

impl Form {
    /// All of them, by their names.
    pub const ALL: &[(&'static str, Self)] = &[("csv", Self::Csv), ("json", Self::Json), ("markdown", Self::Markdown)];

    /// The form of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
    }
}

/// A cell that is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What stands in it.
    pub shown: String,
    /// What that tells.
    pub told: Value,
}

/// The rows of a list with the columns that are seen, in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Export {
    /// The columns: the title of each, and the name of its field.
    pub columns: Vec<(&'static str, String)>,
    /// The rows.
    pub rows: Vec<Vec<Seen>>,
}

impl Export {
    /// As text. CSV and JSON tell moments in RFC 3339 and sizes in bytes; Markdown shows what the screen shows.
    pub fn text(&self, form: Form) -> String {
        match form {
            Form::Csv => self.csv(),
            Form::Json => self.json(),
            Form::Markdown => self.markdown(),
        }
    }

    fn csv(&self) -> String {
        let names = self.columns.iter().map(|(_, name)| csv_cell(name));
        let mut text = names.collect::<Vec<_>>().join(",") + "\r\n";
        for row in &self.rows {
            let cells = row.iter().map(|seen| match &seen.told {
                Value::Null => String::new(),
                Value::String(told) => csv_text(told),
                told => csv_cell(&told.to_string()),
            });
            text += &(cells.collect::<Vec<_>>().join(",") + "\r\n");
        }
        text
    }

    fn json(&self) -> String {
        let names = || self.columns.iter().map(|(_, name)| name.clone());
        let rows = self.rows.iter().map(|row| {
            Value::Object(names().zip(row.iter().map(|seen| seen.told.clone())).collect::<Map<String, Value>>())
        });
        format!("{:#}\n", Value::Array(rows.collect()))
    }

    fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = line(self.columns.iter().map(|(title, _)| (*title).to_owned()).collect());
        text += &line(self.columns.iter().map(|_| "---".to_owned()).collect());
        for row in &self.rows {
            text += &line(row.iter().map(|seen| markdown_cell(&seen.shown)).collect());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn export() -> Export {
        let seen = |shown: &str, told: Value| Seen { shown: shown.to_owned(), told };
        let columns = vec![("NAME", "name".to_owned()), ("SIZE", "size".to_owned())];
        let rows = vec![
            vec![seen("a|b\nc", json!("a|b\nc, \"d\"")), seen("1.5 KiB", json!(1536))],
            vec![seen("\\|", json!("x")), seen("", Value::Null)],
            vec![seen("<img src=x> @team [x](http://x)", json!("y")), seen("", Value::Null)],
        ];
        Export { columns, rows }
    }

    #[test]
    fn csv_and_json_tell_values_and_markdown_what_is_shown() {
        assert_eq!(export().text(Form::Csv), "name,size\r\n\"a|b\nc, \"\"d\"\"\",1536\r\nx,\r\ny,\r\n");
        let told: Value = serde_json::from_str(&export().text(Form::Json)).unwrap();
        assert_eq!(
            told,
            json!([{"name": "a|b\nc, \"d\"", "size": 1536}, {"name": "x", "size": null}, {"name": "y", "size": null}])
        );
        let table = "| NAME | SIZE |\n| --- | --- |\n| a\\|b c | 1.5 KiB |\n| \\\\\\| |  |\n\
                     | \\<img src=x\\> \\@team \\[x\\](http\\://x) |  |\n";
        assert_eq!(export().text(Form::Markdown), table, "what a service says is no markup");
    }
}
