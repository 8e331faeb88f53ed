//! What names of items are looked for by: a glob or a regular expression.

use crate::domain::Invalid;
use regex::{Regex, RegexBuilder};

/// Longer than any path.
const LONGEST: usize = 4096;

/// So much memory a regular expression may take; one that needs more is refused.
const MOST_BYTES: usize = 1 << 20;

/// A pattern. One with a slash is of whole paths, any other of names.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    is_of_paths: bool,
}

impl Pattern {
    /// Reads a glob: `*` is any text, `?` any character, `[abc]` one of these. In one of paths `*` and `?` stop at a slash, and
    /// `**` does not.
    pub fn glob(text: &str) -> Result<Self, Invalid> {
        let is_of_paths = text.contains('/');
        let mut regex = String::from("^");
        if is_of_paths && !text.starts_with('/') {
            regex.push_str("(?:.*/)?");
        }
        let mut rest = text.chars().peekable();
        let mut begins = true;
        while let Some(character) = rest.next() {
            let is_first = std::mem::replace(&mut begins, character == '/');
            match character {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    // Of whole folders there may be none.
                    if is_first && rest.next_if_eq(&'/').is_some() {
                        regex.push_str("(?:.*/)?");
                        begins = true;
                    } else {
                        regex.push_str(".*");
                    }
                }
                '*' => regex.push_str("[^/]*"),
                '?' => regex.push_str("[^/]"),
                '[' => regex.push_str(&class(&mut rest).ok_or_else(|| invalid(text, "a [ has no ] that closes it"))?),
                other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        regex.push('$');
        Self::of(text, &regex, is_of_paths)
    }

    /// Reads a regular expression, which may be found anywhere in the name or path.
    pub fn regex(text: &str) -> Result<Self, Invalid> {
        Self::of(text, text, text.contains('/'))
    }

    fn of(text: &str, regex: &str, is_of_paths: bool) -> Result<Self, Invalid> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(invalid(text, format_args!("it must have 1 to {LONGEST} bytes")));
        }
        let mut builder = RegexBuilder::new(regex);
        builder.dot_matches_new_line(true).size_limit(MOST_BYTES).dfa_size_limit(MOST_BYTES);
        let regex = builder.build().map_err(|error| {
            let why = error.to_string();
            invalid(text, why.lines().last().unwrap_or_default())
        })?;
        Ok(Self { regex, is_of_paths })
    }

    /// The regular expression that it is.
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether it says something of paths and not of names alone.
    pub fn is_of_paths(&self) -> bool {
        self.is_of_paths
    }

    /// Whether an item of this name and path is looked for.
    pub fn has(&self, name: &str, path: &str) -> bool {
        self.regex.is_match(if self.is_of_paths { path } else { name })
    }
}

/// A class of characters behind its bracket; none where nothing closes it. A `-` between two of them makes a range.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let is_negated = rest.next_if(|first| matches!(first, '!' | '^')).is_some();
    let mut inside = Vec::new();
    loop {
        match rest.next()? {
            ']' if !inside.is_empty() => break,
            other => inside.push(other),
        }
    }
    let quoted = |character: char| regex::escape(character.encode_utf8(&mut [0; 4]));
    let mut class = String::from(if is_negated { "[^" } else { "[" });
    let mut at = 0;
    while let Some(&first) = inside.get(at) {
        match inside.get(at + 1..at + 3) {
            Some(&['-', last]) => {
                class.push_str(&format!("{}-{}", quoted(first), quoted(last)));
                at += 3;
            }
            _ => {
                class.push_str(&quoted(first));
                at += 1;
            }
        }
    }
    class.push(']');
    Some(class)
}

fn invalid(text: &str, why: impl std::fmt::Display) -> Invalid {
    Invalid::value("name", format_args!("{:?}: {why}", text.chars().take(80).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: &Pattern, path: &str) -> bool {
        pattern.has(path.rsplit('/').next().unwrap(), path)
    }

    #[test]
    fn a_glob_without_a_slash_is_of_names() {
        let pattern = Pattern::glob("*.toml").unwrap();
        assert!(finds(&pattern, "/etc/app/main.toml") && finds(&pattern, "/.toml"));
        assert!(!finds(&pattern, "/etc/main.toml.bak") && !finds(&pattern, "/x.toml/file"));
        let exact = Pattern::glob("a+b (1).txt").unwrap();
        assert!(finds(&exact, "/a+b (1).txt") && !finds(&exact, "/aab (1).txt"), "all else is itself");
        assert!(Pattern::glob("[b-a]").is_err(), "a range that ends before it begins");
        let odd = Pattern::glob("[&~]x[]-]").unwrap();
        assert!(finds(&odd, "/&x]") && finds(&odd, "/~x-") && !finds(&odd, "/\\x]"));
        assert!(
            finds(&Pattern::glob("[a-c]?[!0-9]").unwrap(), "/bxy")
                && !finds(&Pattern::glob("[a-c]?[!0-9]").unwrap(), "/bx7")
        );
    }

    #[test]
    fn a_glob_with_a_slash_is_of_paths_from_the_root_or_from_any_folder() {
        let below = Pattern::glob("conf/*.toml").unwrap();
        assert!(finds(&below, "/srv/conf/a.toml") && finds(&below, "/conf/a.toml"));
        assert!(!finds(&below, "/srv/conf/deep/a.toml") && !finds(&below, "/srv/xconf/a.toml"));
        let anywhere = Pattern::glob("/srv/**/a.toml").unwrap();
        assert!(finds(&anywhere, "/srv/conf/deep/a.toml") && finds(&anywhere, "/srv/a.toml"));
        let help = Pattern::glob("conf/**/*.toml").unwrap();
        assert!(finds(&help, "/conf/a.toml") && finds(&help, "/x/conf/y/z/a.toml") && !finds(&help, "/xconf/a.toml"));
        assert!(
            finds(&Pattern::glob("/srv/**").unwrap(), "/srv/a/b")
                && !finds(&Pattern::glob("/srv/**").unwrap(), "/srvx")
        );
        assert!(!finds(&Pattern::glob("/conf/*").unwrap(), "/srv/conf/a"));
    }

    #[test]
    fn what_is_no_pattern_is_refused_and_says_why() {
        for (text, read) in [
            ("[ab", Pattern::glob as fn(&str) -> _),
            ("(", Pattern::regex),
            ("", Pattern::glob),
            (r"(\w{900}){900}", Pattern::regex),
        ] {
            let told = read(text).unwrap_err();
            assert_eq!(told.field, "name", "{told}");
        }
        assert!(finds(&Pattern::regex("^report-20(25|26)").unwrap(), "/a/report-2026.pdf"));
    }
}
