//! The rows of a table as they are kept: each value quoted, and nothing where there is none.

use std::io::{self, BufRead, BufReader, Read};

/// The longest value: PostgreSQL's own limit.
const LONGEST: usize = 1 << 30;

/// Reads rows.
pub(super) struct Csv<R>(BufReader<R>);

/// A row: of each column its text, or none.
pub(super) type Row = Vec<Option<String>>;

impl<R: Read> Csv<R> {
    pub(super) fn new(from: R) -> Self {
        Self(BufReader::with_capacity(256 << 10, from))
    }

    /// The next row; nothing at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        let mut row = Row::new();
        if self.peek()?.is_none() {
            return Ok(None);
        }
        loop {
            row.push(self.value()?);
            match self.take()? {
                Some(b',') => {}
                Some(b'\n') => return Ok(Some(row)),
                _ => return Err(broken("a row breaks off")),
            }
        }
    }

    fn value(&mut self) -> io::Result<Option<String>> {
        let mut text = Vec::new();
        if self.peek()? != Some(b'"') {
            while let Some(byte) = self.peek()?.filter(|byte| !matches!(byte, b',' | b'\n')) {
                text.push(byte);
                self.0.consume(1);
            }
            return Ok(if text.is_empty() { None } else { Some(read(text)?) });
        }
        self.0.consume(1);
        loop {
            let length = self.0.by_ref().take((LONGEST - text.len()) as u64).read_until(b'"', &mut text)?;
            if length == 0 || text.pop() != Some(b'"') {
                return Err(broken("a value breaks off"));
            }
            if self.peek()? != Some(b'"') {
                return read(text).map(Some);
            }
            self.0.consume(1);
            text.push(b'"');
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.0.fill_buf()?.first().copied())
    }

    fn take(&mut self) -> io::Result<Option<u8>> {
        let next = self.peek()?;
        self.0.consume(usize::from(next.is_some()));
        Ok(next)
    }
}

fn read(text: Vec<u8>) -> io::Result<String> {
    String::from_utf8(text).map_err(|_| broken("a value is not UTF-8"))
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> io::Result<Vec<Row>> {
        let mut csv = Csv::new(text.as_bytes());
        let mut rows = Vec::new();
        while let Some(row) = csv.next()? {
            rows.push(row);
        }
        Ok(rows)
    }

    #[test]
    fn nothing_is_no_empty_text_and_a_value_may_hold_anything() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(rows("").unwrap(), Vec::<Row>::new());
        assert_eq!(rows("\n").unwrap(), [[None]]);
        assert_eq!(
            rows("\"a\",,\"\",true\n\"x\"\"y,\n\",\"\"\"\",\"é\",\n").unwrap(),
            [[some("a"), None, some(""), some("true")], [some("x\"y,\n"), some("\""), some("é"), None]]
        );
    }

    #[test]
    fn a_row_that_breaks_off_is_none() {
        for text in ["\"a\"", "\"a", "\"a\"\"", "a", "\"a\"x\n", "\"a\",\"b"] {
            assert!(rows(text).is_err(), "{text}");
        }
    }
}
