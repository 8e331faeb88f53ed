//! The statements of a dump, as another database takes them: nothing in them names the one that they were in, and nothing of it begins by
//! itself.
//!
//! `mariadb-dump` names the database in the default of a column that is the next number of a sequence; its name is left out there, so
//! that it is that of the new database. A trigger is written as it was made, also where that named the database: it would become one
//! of the database that it was in. So does what it writes around a program whose database took texts otherwise once. The events of a
//! new database are disabled: one that deletes what is old would delete what
//! was just restored.

use super::rows::{ALTERED, TABLE, altered};
use std::io::{self, BufRead, Write};

/// The longest line that is looked at, and the longest head of a trigger. Of what is longer only its begin is changed, where that makes an event.
const LONGEST: u64 = 64 << 10;

/// How a line begins that makes an event, or goes on with that.
const EVENT: &[u8] = b"/*!50106 CREATE*/ ";

/// How a line begins that makes a trigger.
const TRIGGER: &[u8] = b"/*!50003 CREATE*/ ";

/// How a line begins that makes a routine.
const ROUTINE: &[u8] = b"CREATE DEFINER=";

/// What stands behind what makes one of these, and the line behind them.
const END: &[u8] = b";;\n";
const DELIMITER: &[u8] = b"DELIMITER ;\n";

/// Which functions of a sequence name it with its database.
const OF_SEQUENCES: [&str; 3] = ["nextval(", "lastval(", "setval("];

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

/// Where in the statements a line is.
#[derive(Default)]
struct Within {
    is_table: bool,
    /// What makes a trigger, a routine or an event.
    is_program: bool,
    /// The head of a trigger as far as it came; empty elsewhere.
    head: Vec<u8>,
}

/// Copies statements with what has to be changed in them. Rows are each in one line and begin otherwise: nothing in them is changed.
/// It gives the last line. What cannot be changed for certain is an error: it would be one of another database.
pub(super) fn copy(mut from: impl BufRead, change: Change<'_>, into: &mut dyn Write) -> io::Result<Vec<u8>> {
    let mut heads: Vec<&[u8]> = if change.has_head { vec![b"CREATE DATABASE ", b"USE `"] } else { Vec::new() };
    let (mut is_at_line, mut within) = (true, Within::default());
    let (mut piece, mut last) = (Vec::new(), Vec::new());
    loop {
        std::mem::swap(&mut piece, &mut last);
        piece.clear();
        if io::Read::take(&mut from, LONGEST).read_until(b'\n', &mut piece)? == 0 {
            return if within.head.is_empty() { Ok(last) } else { Err(endless()) };
        }
        let begins = is_at_line;
        is_at_line = piece.ends_with(b"\n");
        let ends = ends_program(&last, &piece);
        if begins && [EVENT, TRIGGER, ROUTINE].iter().any(|begin| piece.starts_with(begin)) {
            within.is_program = true;
        }
        if !within.head.is_empty() || begins && piece.starts_with(TRIGGER) {
            within.head.extend_from_slice(&piece);
            if let Some(told) = unqualified(&within.head) {
                into.write_all(&told)?;
                within.head.clear();
            } else if ends || within.head.len() as u64 > LONGEST {
                return Err(endless());
            }
        } else if begins && change.disables && piece.starts_with(EVENT) {
            into.write_all(&bytes_of(&disabled(&letters_of(&piece))))?;
        } else if within.is_program || !(begins && is_at_line) {
            into.write_all(&piece)?;
        } else if let Some(head) = heads.iter().position(|head| piece.starts_with(head)) {
            heads.remove(head);
        } else {
            line(&piece, change, &mut within.is_table, into)?;
        }
        within.is_program &= !(ends || begins && piece == DELIMITER);
    }
}

/// Copies a whole line that is none of what makes a program.
fn line(line: &[u8], change: Change<'_>, is_in_table: &mut bool, into: &mut dyn Write) -> io::Result<()> {
    if line.starts_with(TABLE.as_bytes()) {
        *is_in_table = true;
    } else if line.starts_with(b")") {
        *is_in_table = false;
    }
    // Before and behind a program whose database took texts otherwise when it was made.
    let altered = line.starts_with(b"ALTER DATABASE ").then(|| altered(change.database));
    if let Some(rest) = altered.and_then(|altered| line.strip_prefix(altered.as_bytes())) {
        into.write_all(ALTERED.as_bytes())?;
        return into.write_all(rest);
    }
    match std::str::from_utf8(line) {
        Ok(text) if *is_in_table && text.starts_with("  `") => {
            into.write_all(unnamed(text, change.database).as_bytes())
        }
        _ => into.write_all(line),
    }
}

/// Whether a piece is the last of what makes a program.
fn ends_program(before: &[u8], piece: &[u8]) -> bool {
    if piece.len() >= END.len() {
        return piece.ends_with(END);
    }
    let before = &before[before.len().saturating_sub(END.len())..];
    [before, piece].concat().ends_with(END)
}

fn endless() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "what makes a trigger is not understood, and would be one of the database that it was in",
    )
}

/// A letter for each byte, whatever character set they are of: programs come as they were made.
fn letters_of(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The bytes that these letters stand for.
fn bytes_of(letters: &str) -> Vec<u8> {
    letters.chars().filter_map(|letter| u8::try_from(letter).ok()).collect()
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

/// What makes a trigger, without the database in front of any name; nothing where its head goes on behind it: that ends with FOR.
fn unqualified(head: &[u8]) -> Option<Vec<u8>> {
    let letters = letters_of(head);
    let (mut told, mut rest) = (Vec::new(), letters.as_str());
    while let Some((word, behind)) = next_of_head(rest) {
        rest = behind;
        if word == "." {
            while told.last().is_some_and(|word: &&str| word.trim().is_empty() || is_comment(word)) {
                told.pop();
            }
            told.pop();
            rest = rest.trim_start();
            continue;
        }
        told.push(word);
        // Where nothing stands behind it a word may go on.
        if word.eq_ignore_ascii_case("FOR") && !rest.is_empty() {
            return Some(bytes_of(&(told.concat() + rest)));
        }
    }
    None
}

/// The next name or word of a head, or what stands between quotes, or a comment, or the next character; and what comes behind.
fn next_of_head(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
    let behind = |end: &str| text.find(end).map_or(text.len(), |at| at + end.len());
    let end = match first {
        '\'' | '`' | '"' => end_of_quoted(text, first),
        _ if text.starts_with("/*") && is_comment(text) => behind("*/"),
        _ if is_comment(text) => behind("\n"),
        letter if is_of_name(letter) => text.find(|c: char| !is_of_name(c)).unwrap_or(text.len()),
        other => other.len_utf8(),
    };
    Some(text.split_at(end))
}

/// Whether a comment begins here; what servers of some versions run is none.
fn is_comment(text: &str) -> bool {
    let is_run = ["/*!", "/*M!"].iter().any(|begin| text.starts_with(begin));
    let is_line = text.strip_prefix("--").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_whitespace()));
    text.starts_with('#') || is_line || text.starts_with("/*") && !is_run
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

    fn copied_bytes(text: &[u8]) -> io::Result<Vec<u8>> {
        let mut into = Vec::new();
        copy(text, Change { database: "sh`op", has_head: false, disables: true }, &mut into).map(|_| into)
    }

    #[test]
    fn a_trigger_of_any_bytes_and_with_any_comments_is_one_of_the_new_database_or_refused() {
        let made = |head: &str| format!("/*!50003 CREATE*/ /*!50003 TRIGGER {head} EACH ROW SET @a = 1 */;;\n");
        for (head, expected) in [
            ("sh.t /* it's FOR x.y */ BEFORE INSERT ON sh.a FOR", "t /* it's FOR x.y */ BEFORE INSERT ON a FOR"),
            (
                "sh.t -- it's FOR\nBEFORE INSERT # `FOR\nON sh /* . */ . a\nFOR",
                "t -- it's FOR\nBEFORE INSERT # `FOR\nON a\nFOR",
            ),
            ("sh.t /* a\n\nFOR */ BEFORE INSERT ON sh.a for", "t /* a\n\nFOR */ BEFORE INSERT ON a for"),
            ("sh.`a\nb` BEFORE INSERT ON sh.a FOR", "`a\nb` BEFORE INSERT ON a FOR"),
        ] {
            assert_eq!(copied(&made(head), false, true), made(expected));
        }
        let bytes = |text: &str| {
            text.replace('?', "\u{1}")
                .into_bytes()
                .into_iter()
                .map(|b| if b == 1 { 0xe4 } else { b })
                .collect::<Vec<u8>>()
        };
        assert_eq!(
            copied_bytes(&bytes(&made("sh.t? /* ? */ BEFORE INSERT ON `sh``op`.`?` FOR"))).unwrap(),
            bytes(&made("t? /* ? */ BEFORE INSERT ON `?` FOR"))
        );
        let more = "CREATE TABLE `t` (\n  `id` int\n);\n-- FOR\n";
        for head in
            ["sh.t BEFORE INSERT ON sh.a", "sh.t /* BEFORE INSERT ON sh.a FOR", "`sh.t BEFORE INSERT ON sh.a FOR"]
        {
            let refused = copied_bytes((made(head) + more).as_bytes()).unwrap_err();
            assert!(refused.to_string().contains("trigger"), "{refused}");
        }
        assert!(copied_bytes(b"/*!50003 CREATE*/ /*!50003 TRIGGER sh.t BEFORE").is_err());
    }

    #[test]
    fn what_alters_the_database_around_a_program_is_of_the_new_one() {
        let around = |name: &str, end: &str| {
            format!("ALTER DATABASE {name}CHARACTER SET latin1 COLLATE latin1_swedish_ci {end}\n")
        };
        let head = "/*!50003 CREATE*/ /*!50003 TRIGGER t BEFORE INSERT ON t FOR EACH ROW SET @a = '";
        // Long so that its end is cut between two pieces at each place.
        for more in 0..8 {
            let body = "x".repeat((64 << 10) - head.len() - more);
            let text = |name: &str| {
                format!(
                    "{0}DELIMITER ;;\n{head}{body}' */;;\n{2}\
                     CREATE DEFINER=`a`@`b` PROCEDURE `p`()\nBEGIN\n{3}END ;;\nDELIMITER ;\n{0}{1}",
                    around(name, ";"),
                    around("`other` ", ";"),
                    around(name, ";;"),
                    around("`sh``op` ", ";")
                )
            };
            assert_eq!(copied(&text("`sh``op` "), false, true), text(""), "{more}");
        }
    }

    #[test]
    fn an_event_of_any_bytes_and_length_is_disabled() {
        let event = |state: &str, body: &[u8]| {
            let head = "/*!50106 CREATE*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE ";
            [head.as_bytes(), state.as_bytes(), b" COMMENT '\xe4' DO SELECT '", body, b"' */ ;;\n"].concat()
        };
        for body in [&b"\xe4\xf6"[..], &vec![0xe4; 200 << 10]] {
            assert_eq!(copied_bytes(&event("ENABLE", body)).unwrap(), event("DISABLE", body));
        }
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
