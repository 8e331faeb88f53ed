//! The canonical request: one text for all spellings of a request that mean the same.

use super::Signable;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

/// All but RFC 3986's unreserved characters.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// As [`STRICT`], but slashes stay: for a whole path.
const PATH: &AsciiSet = &STRICT.remove(b'/');

/// A canonical request.
pub(super) struct Canonical(String);

impl Canonical {
    /// Builds it. Fails with what is wrong, when a signed header is absent or not text.
    pub(super) fn of(request: &Signable<'_>, signed_headers: &[String], body_hash: &str) -> Result<Self, String> {
        let mut names: Vec<&str> = signed_headers.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let mut headers = String::new();
        for name in &names {
            headers.push_str(name);
            headers.push(':');
            headers.push_str(&header_value(request, name)?);
            headers.push('\n');
        }
        Ok(Self(format!(
            "{}\n{}\n{}\n{headers}\n{}\n{body_hash}",
            request.method,
            canonical_path(request.path),
            canonical_query(request.query),
            names.join(";"),
        )))
    }

    /// The text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The hash in lower-case hexadecimal.
pub(super) fn hex_of_hash(data: &[u8]) -> String {
    hex::encode(Sha256::digest(data))
}

/// The values of a header, trimmed, runs of spaces made one, joined by commas.
fn header_value(request: &Signable<'_>, name: &str) -> Result<String, String> {
    let mut values = Vec::new();
    for value in request.headers.get_all(name) {
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| format!("the header '{name}' is not text"))?;
        values.push(single_spaced(text));
    }
    match (values.is_empty(), name, request.authority) {
        (false, ..) => Ok(values.join(",")),
        (true, "host", Some(authority)) => Ok(authority.to_owned()),
        _ => Err(format!("the signed header '{name}' is not in the request")),
    }
}

/// Trims, and makes runs of spaces one space.
fn single_spaced(text: &str) -> String {
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The path without dot segments and doubled slashes, encoded once more than it travels (all services but S3 do that).
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut normal = format!("/{}", segments.join("/"));
    let ends_in_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    if ends_in_folder && !normal.ends_with('/') {
        normal.push('/');
    }
    percent_encode(normal.as_bytes(), PATH).to_string()
}

/// The query's pairs, decoded, strictly encoded, sorted.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (recoded(name), recoded(value))
        })
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Decoded as a form's field, and encoded strictly.
fn recoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let bytes: Vec<u8> = percent_decode_str(&spaced).collect();
    percent_encode(&bytes, STRICT).to_string()
}
