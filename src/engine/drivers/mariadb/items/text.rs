//! The statements of a dump, as another database takes them: nothing in them names the one that they were in, and nothing of it begins by
//! itself.
//!
//! `mariadb-dump` names the database in the default of a column that is the next number of a sequence; its name is left out there, so
//! that it is that of the new database. A trigger is written as it was made, also where that named the database: it would become one
//! of the database that it was in. The events of a new database are disabled: one that deletes what is old would delete what
//! was just restored.

use super::rows::TABLE;
use std::io::{self, BufRead, Write};

/// The longest line that is looked at. What is longer is none of those that are changed.
const LONGEST: u64 = 64 << 10;

/// How a line begins that makes an event, or goes on with that.
const EVENT: &[u8] = b"/*!50106 CREATE*/ ";

/// How a line begins that makes a trigger.
const TRIGGER: &[u8] = b"/*!50003 CREATE*/ ";

/// Which functions of a sequence name it with its database.
const OF_SEQUENCES: [&str; 2] = ["nextval(", "lastval("];

/// What is done with the statements of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    /// The database that is not named any more.
    pub(super) database: &'a str,
    /// Whether the file says by itself in which database it is, which is left out.
    pub(super) has_head: bool,
    /// Whether events are disabled.
    pub(super) disables: bool,
}

/// Copies statements with what has to be changed in them. Rows are each in one line and begin otherwise: nothing in them is changed.
/// It gives the last line.
pub(super) fn copy(mut from: impl BufRead, change: Change<'_>, into: &mut dyn Write) -> io::Result<Vec<u8>> {
    let mut heads: Vec<&[u8]> = if change.has_head { vec![b"CREATE DATABASE ", b"USE `"] } else { Vec::new() };
    let (mut is_at_line, mut is_in_table, mut is_in_trigger) = (true, false, false);
    let (mut piece, mut last) = (Vec::new(), Vec::new());
    loop {
        std::mem::swap(&mut piece, &mut last);
        piece.clear();
        if io::Read::take(&mut from, LONGEST).read_until(b'\n', &mut piece)? == 0 {
            return Ok(last);
        }
        is_in_trigger |= is_at_line && piece.starts_with(TRIGGER);
        if is_in_trigger {
            let head;
            (head, is_in_trigger) = unqualified(&piece);
            is_at_line = piece.ends_with(b"\n");
            into.write_all(&head)?;
            continue;
        }
        let is_line = is_at_line && piece.ends_with(b"\n");
        is_at_line = piece.ends_with(b"\n");
        if !is_line {
            into.write_all(&piece)?;
            continue;
        }
        if let Some(head) = heads.iter().position(|head| piece.starts_with(head)) {
            heads.remove(head);
            continue;
        }
        if piece.starts_with(TABLE.as_bytes()) {
            is_in_table = true;
        } else if piece.starts_with(b")") {
            is_in_table = false;
        }
        match std::str::from_utf8(&piece) {
            Ok(line) if is_in_table && line.starts_with("  `") => {
                into.write_all(unnamed(line, change.database).as_bytes())?;
            }
            Ok(line) if change.disables && piece.starts_with(EVENT) => into.write_all(disabled(line).as_bytes())?,
            _ => into.write_all(&piece)?,
        }
    }
}

/// A line without the database in front of its sequences.
fn unnamed(line: &str, database: &str) -> String {
    let of_database = format!("`{}`.", database.replace('`', "``"));
    let mut told = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((quoted, behind)) = next(rest) {
        if quoted.starts_with('`')
            && OF_SEQUENCES.iter().any(|function| told.ends_with(function))
            && let Some(behind) = rest.strip_prefix(&of_database)
        {
            rest = behind;
            continue;
        }
        told.push_str(quoted);
        rest = behind;
    }
    told
}

/// What makes a trigger, without the database in front of any name, and whether its head goes on behind it: that ends with FOR.
fn unqualified(piece: &[u8]) -> (Vec<u8>, bool) {
    let whole = piece.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let (mut told, mut rest) = (Vec::new(), whole);
    while let Some((word, behind)) = next_of_head(rest) {
        rest = behind;
        if word == "." {
            while told.last().is_some_and(|word: &&str| word.trim().is_empty()) {
                told.pop();
            }
            told.pop();
            rest = rest.trim_start();
            continue;
        }
        told.push(word);
        if word.eq_ignore_ascii_case("FOR") {
            return ([told.concat().as_bytes(), &piece[whole.len() - rest.len()..]].concat(), false);
        }
    }
    ([told.concat().as_bytes(), &piece[whole.len()..]].concat(), true)
}

/// The next name or word of a head, or what stands between quotes, or the next character; and what comes behind.
fn next_of_head(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
    let end = match first {
        '\'' | '`' | '"' => end_of_quoted(text, first),
        letter if is_of_name(letter) => text.find(|c: char| !is_of_name(c)).unwrap_or(text.len()),
        other => other.len_utf8(),
    };
    Some(text.split_at(end))
}

/// A line that makes an event which does not run.
fn disabled(line: &str) -> String {
    let mut told = String::with_capacity(line.len() + 1);
    let (mut rest, mut is_done) = (line, false);
    while let Some((word, behind)) = next(rest) {
        // What it does stands behind DO, whatever that is.
        is_done |= matches!(word, "DO" | "DISABLE");
        if !is_done && word == "ENABLE" {
            told.push_str("DISABLE");
            is_done = true;
        } else {
            told.push_str(word);
        }
        rest = behind;
    }
    told
}

/// The next word, or what stands between quotes with those, or the next character; and what comes behind.
fn next(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let end = match first {
        '\'' | '`' | '"' => end_of_quoted(text, first),
        letter if letter.is_ascii_alphabetic() => {
            let word = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
            // A function is one with what opens it.
            if text[word..].starts_with('(') { word + 1 } else { word }
        }
        other => other.len_utf8(),
    };
    Some(text.split_at(end))
}

/// Where what begins with a quote ends: one that is doubled, or behind a backslash in a text, does not end it.
fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && quote != '`' {
            letters.next();
        } else if letter == quote {
            if letters.peek().is_some_and(|(_, next)| *next == quote) {
                letters.next();
            } else {
                return at + letter.len_utf8();
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(text: &str, has_head: bool, disables: bool) -> String {
        let mut into = Vec::new();
        copy(text.as_bytes(), Change { database: "sh`op", has_head, disables }, &mut into).unwrap();
        String::from_utf8(into).unwrap()
    }

    #[test]
    fn a_sequence_is_that_of_the_new_database_and_texts_are_what_they_were() {
        let table = "CREATE TABLE `t` (\n  `id` int DEFAULT nextval(`sh``op`.`z behind`),\n  \
            `a` text DEFAULT 'it''s nextval(`sh``op`.`x`) \\' `' COMMENT 'nextval(`sh``op`.`x`)',\n  `b` int DEFAULT nextval(`other`.`s`)\n) ENGINE=InnoDB;\n";
        let made = copied(table, false, false);
        assert_eq!(made, table.replacen("nextval(`sh``op`.`z", "nextval(`z", 1));
        let row = "INSERT INTO `t` VALUES\n(1,'nextval(`sh``op`.`x`)');\n  `no table` nextval(`sh``op`.`x`)\n";
        assert_eq!(copied(row, false, true), row);
    }

    #[test]
    fn a_trigger_is_one_of_the_database_that_it_comes_into() {
        let made = |names: [&str; 2], behind: &str| {
            format!(
                "/*!50003 CREATE*/ /*!50017 DEFINER=`a.b`@`%.x`*/ /*!50003 TRIGGER {} AFTER INSERT\nON {} FOR EACH ROW{behind} */;;\n",
                names[0], names[1]
            )
        };
        let body = " INSERT INTO sh.other\n  SELECT 1.5 FOR UPDATE";
        let expected = made(["told", "`ex.``tremes`"], body);
        for names in [
            ["sh.told", "sh.`ex.``tremes`"],
            ["`sh``op`.told", "`sh``op` . `ex.``tremes`"],
            ["größe.told", "\"a.\"\"b\".`ex.``tremes`"],
            ["told", "`ex.``tremes`"],
        ] {
            assert_eq!(copied(&made(names, body), false, true), expected);
        }
        // However long it is.
        let long = format!(" SELECT '{}.ü';\nCREATE TABLE x.y (a int)", "ü".repeat(40 << 10));
        assert_eq!(copied(&made(["sh.told", "sh.t"], &long), false, true), made(["told", "t"], &long));
    }

    #[test]
    fn an_event_is_disabled_and_what_it_does_is_what_it_was() {
        let event = |state: &str| {
            format!(
                "/*!50106 CREATE*/ /*!50117 DEFINER=`ENABLE`@`%`*/ /*!50106 EVENT `ENABLE` ON SCHEDULE EVERY '1 ENABLE' DAY_HOUR ON \
                 COMPLETION NOT PRESERVE {state} COMMENT 'it''s ENABLE' DO UPDATE t SET ENABLE = 1 */ ;;\n"
            )
        };
        assert_eq!(copied(&event("ENABLE"), false, true), event("DISABLE"));
        for (state, disables) in [("DISABLE", true), ("DISABLE ON SLAVE", true), ("ENABLE", false)] {
            assert_eq!(copied(&event(state), false, disables), event(state));
        }
    }

    #[test]
    fn the_database_that_a_file_names_is_left_out_once_and_long_lines_come_as_they_are() {
        let long = format!("INSERT INTO `t` VALUES ('{}');\nUSE `again`;\n", "x".repeat(200 << 10));
        let head = "SET NAMES utf8mb4;\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `a`;\n\nUSE `a`;\n";
        assert_eq!(copied(&format!("{head}{long}"), true, true), format!("SET NAMES utf8mb4;\n\n{long}"));
        assert_eq!(copied(&format!("{head}{long}"), false, true), format!("{head}{long}"));
        assert_eq!(copied("CREATE TABLE `t", true, true), "CREATE TABLE `t");
    }
}
