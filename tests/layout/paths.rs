//! Reads the paths in a source file: of `use` trees and in code.

use std::path::{Path, PathBuf};

/// What a file names.
#[derive(Default)]
pub struct References {
    /// Paths of this crate from its root on, with their lines.
    pub inside: Vec<(Vec<String>, usize)>,
    /// Other paths: of other crates, or beginning with a name that was imported.
    pub outside: Vec<(Vec<String>, usize)>,
    /// What `use` brings in.
    pub imported: Vec<Import>,
}

/// One name that `use` brings in.
pub struct Import {
    /// What it is called here.
    pub name: String,
    /// What it is, from the root of the crate on.
    pub path: Vec<String>,
    /// Whether others can name it by this module.
    pub is_public: bool,
}

impl References {
    /// The rooms that are named, with the lines.
    pub fn rooms(&self) -> impl Iterator<Item = (&str, usize)> {
        self.inside.iter().map(|(path, line)| {
            let room = path.first().map_or("the whole crate", String::as_str);
            (if room == "*" || room == "self" { "the whole crate" } else { room }, *line)
        })
    }

    /// The first words of all other paths, with the lines.
    pub fn strangers(&self) -> impl Iterator<Item = (&str, usize)> {
        self.outside.iter().filter_map(|(path, line)| Some((path.first()?.as_str(), *line)))
    }
}

/// Reads every path in `text`, which is the source of `module`.
pub fn references(module: &[String], text: &str) -> References {
    read(module, &tokens(text))
}

/// The same of what is compiled into the program: without modules of tests.
pub fn references_of_program(module: &[String], text: &str) -> References {
    read(module, &without_tests(tokens(text)))
}

fn read(module: &[String], tokens: &[(String, usize)]) -> References {
    let mut found = References::default();
    let mut modules: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        let (token, line) = (tokens[at].0.as_str(), tokens[at].1);
        let next = tokens.get(at + 1).map_or("", |token| token.0.as_str());
        let previous = if at == 0 { "" } else { tokens[at - 1].0.as_str() };
        match token {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                modules.retain(|(_, opened)| *opened <= depth);
            }
            "mod" if tokens.get(at + 2).is_some_and(|token| token.0 == "{") => {
                modules.push((next.to_owned(), depth + 1));
            }
            "use" if next != "<" => {
                let here = path_here(module, &modules);
                let mut cursor = at + 1;
                if tokens.get(cursor).is_some_and(|token| token.0 == "::") {
                    cursor += 1;
                }
                let is_public = matches!(previous, "pub" | ")");
                read_tree(tokens, &mut cursor, &[], &Place { here, is_public }, &mut found);
                at = cursor;
                continue;
            }
            _ if next == "::" && previous != "::" || token == "crate" && previous == "$" => {
                let here = path_here(module, &modules);
                let mut path = vec![token.to_owned()];
                let mut cursor = at + 1;
                while tokens.get(cursor).is_some_and(|token| token.0 == "::")
                    && tokens.get(cursor + 1).is_some_and(|token| is_word(&token.0))
                {
                    path.push(tokens[cursor + 1].0.clone());
                    cursor += 2;
                }
                resolve(&path, &here, line, &mut found);
                at = cursor;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn path_here(module: &[String], inner: &[(String, usize)]) -> Vec<String> {
    module.iter().cloned().chain(inner.iter().map(|(name, _)| name.clone())).collect()
}

/// Reads one `use` tree from `at` on and resolves each of its paths.
fn read_tree(tokens: &[(String, usize)], at: &mut usize, prefix: &[String], place: &Place, found: &mut References) {
    let mut path = prefix.to_vec();
    let mut line = 0;
    let mut name = None;
    while let Some((token, token_line)) = tokens.get(*at) {
        line = *token_line;
        match token.as_str() {
            "::" => *at += 1,
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token.0 != "}") {
                    read_tree(tokens, at, &path, place, found);
                    if tokens.get(*at).is_some_and(|token| token.0 == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "as" => {
                name = tokens.get(*at + 1).map(|token| token.0.clone());
                *at += 2;
            }
            ";" | "," | "}" => break,
            word => {
                path.push(word.to_owned());
                *at += 1;
            }
        }
    }
    resolve(&path, &place.here, line, found);
    let whole = path.last().is_some_and(|last| last == "self");
    path.truncate(path.len() - usize::from(whole));
    if let Some(name) = name.or_else(|| path.last().cloned()) {
        // What begins with another word is a module below, or another crate: then no module is found there.
        let below = || place.here.iter().chain(&path).cloned().collect();
        let path = absolute(&path, &place.here).unwrap_or_else(below);
        found.imported.push(Import { name, path, is_public: place.is_public });
    }
}

/// Adds what a path leads to.
fn resolve(path: &[String], here: &[String], line: usize, found: &mut References) {
    match absolute(path, here) {
        Some(path) => found.inside.push((path, line)),
        None if path.first().is_some_and(|first| first != "self") => found.outside.push((path.to_vec(), line)),
        None => {}
    }
}

/// A path of this crate from its root on; none when it begins with another word.
fn absolute(path: &[String], here: &[String]) -> Option<Vec<String>> {
    let mut absolute: Vec<String> = here.to_vec();
    let mut rest = path.iter().map(|part| part.strip_prefix("r#").unwrap_or(part)).peekable();
    match rest.peek().copied() {
        Some("crate" | "vaultdeck") => {
            absolute.clear();
            rest.next();
        }
        Some("super") => {
            while rest.next_if(|part| *part == "super").is_some() {
                absolute.pop();
            }
        }
        _ => return None,
    }
    absolute.extend(rest.map(str::to_owned));
    Some(absolute)
}

/// Leaves out what stands under `#[cfg(test)]`.
fn without_tests(tokens: Vec<(String, usize)>) -> Vec<(String, usize)> {
    let mark = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let marked = mark.iter().enumerate().all(|(next, sign)| tokens.get(at + next).is_some_and(|t| t.0 == *sign));
        if marked {
            at = end_of_item(&tokens, at + mark.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Where the item ends that begins at a place: behind its semicolon or its closing brace.
fn end_of_item(tokens: &[(String, usize)], mut at: usize) -> usize {
    let mut depth = 0;
    while let Some((token, _)) = tokens.get(at) {
        at += 1;
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            ";" if depth == 0 => break,
            _ => {}
        }
    }
    at
}

/// Where a `use` stands.
struct Place {
    here: Vec<String>,
    is_public: bool,
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') || token == "*"
}

/// Words, `::` and single signs, with their lines; without comments, texts, characters and lifetimes.
pub fn tokens(text: &str) -> Pieces {
    scan(text).0
}

/// Parts of a source with their lines.
pub type Pieces = Vec<(String, usize)>;

/// The same, and beside them the texts, characters and lifetimes.
pub fn scan(text: &str) -> (Pieces, Pieces) {
    let bytes: Vec<char> = text.chars().collect();
    let (mut found, mut literals) = (Vec::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = if rest.starts_with(&['/', '/']) {
            rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
        } else if rest.starts_with(&['/', '*']) {
            block_comment(rest)
        } else if let Some(length) = literal(rest) {
            literals.push((rest[..length.min(rest.len())].iter().collect(), line));
            length
        } else if rest[0].is_alphabetic() || rest[0] == '_' {
            let raw = if rest.starts_with(&['r', '#']) { 2 } else { 0 };
            let length = raw + rest[raw..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            found.push((rest[..length].iter().collect(), line));
            length
        } else if rest.starts_with(&[':', ':']) {
            found.push(("::".to_owned(), line));
            2
        } else {
            if !rest[0].is_whitespace() {
                found.push((rest[0].to_string(), line));
            }
            1
        };
        line += rest[..length].iter().filter(|c| **c == '\n').count();
        at += length;
    }
    (found, literals)
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// The length of the text, character or lifetime that begins here, if one does.
fn literal(rest: &[char]) -> Option<usize> {
    let prefix = rest.iter().take_while(|c| matches!(c, 'b' | 'c' | 'r')).count();
    if prefix <= 2 && rest.get(..prefix)?.contains(&'r') {
        let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
        if rest.get(prefix + hashes) == Some(&'"') {
            let mut end: Vec<char> = vec!['"'];
            end.extend(std::iter::repeat_n('#', hashes));
            let body = &rest[prefix + hashes + 1..];
            let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
            return Some(prefix + hashes + 1 + length + end.len());
        }
    }
    let quote = if prefix <= 1 { *rest.get(prefix)? } else { return None };
    match quote {
        '"' => {}
        '\'' => {
            let closed = rest.get(prefix + 1) == Some(&'\\') || rest.get(prefix + 2) == Some(&'\'');
            if !closed {
                return Some(
                    prefix + 1 + rest[prefix + 1..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count(),
                );
            }
        }
        _ => return None,
    }
    let mut at = prefix + 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    Some((at + 1).min(rest.len()))
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, relative to `src/`.
pub fn source_files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found.retain(|path| path != Path::new("lib.rs"));
    found
}

/// `tui/screens/jobs.rs` → `[tui, screens, jobs]`; `mod.rs` stands for its folder.
pub fn module_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}
