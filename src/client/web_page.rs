//! A web page where a service's answer should be: what a proxy, a captive portal or a gateway in between says in its place.
//!
//! No service that is called here answers with HTML, or sends its callers elsewhere, so whoever does is not the service. Nothing
//! of such a page is to be trusted: what is told of it is short and [`clean`].

use crate::client::text::clean;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, LOCATION, SERVER, VIA};
use std::fmt;

/// How much of a page is looked through for its title, in bytes.
const HEAD: usize = 64 * 1024;
/// How many characters of a title are told.
const LONGEST_TITLE: usize = 80;
/// How many characters of a header are told.
const LONGEST_HEADER: usize = 60;

/// What is known of such a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebPage {
    /// Whom the request was for: `host`, or `host:port` where the URL has one.
    pub host: String,
    /// The HTTP status with which it came.
    pub status: u16,
    /// Its title, shortened.
    pub title: Option<String>,
    /// What the `Server` header says, shortened.
    pub server: Option<String>,
    /// What the `Via` header says, shortened.
    pub via: Option<String>,
    /// Where it sends whoever asked: scheme and host only, since the rest may hold secrets.
    pub leads_to: Option<String>,
}

impl WebPage {
    /// The page that `response` is, which came in the place of `host`'s answer; none where it is no page. An operation that an
    /// endpoint lacks (404, 405, 501) and its own trouble (500) are told of in any form, and are none.
    pub(crate) fn in_place_of(host: &str, response: &http::Response<Bytes>) -> Option<Self> {
        let status = response.status();
        if matches!(status.as_u16(), 404 | 405 | 500 | 501) {
            return None;
        }
        let headers = response.headers();
        let leads_to = told(headers, &LOCATION, usize::MAX).filter(|_| status.is_redirection());
        let content_type = told(headers, &CONTENT_TYPE, LONGEST_HEADER).unwrap_or_default();
        if leads_to.is_none() && !is_html(&content_type, response.body()) {
            return None;
        }
        Some(Self {
            host: clean(host),
            status: status.as_u16(),
            title: title(response.body()),
            server: told(headers, &SERVER, LONGEST_HEADER),
            via: told(headers, &VIA, LONGEST_HEADER),
            leads_to: leads_to.map(|url| short(without_path(&url), LONGEST_HEADER)),
        })
    }

    /// What a person can do about it.
    fn advice(&self) -> &'static str {
        match self.status {
            407 => "the proxy wants a name and a password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT",
            500.. if self.status != 511 => {
                "a proxy or gateway in between does not get through to it; NO_PROXY names the hosts that need no proxy"
            }
            _ => "a proxy or captive portal is in between: sign in there with a browser, or name the host in NO_PROXY",
        }
    }
}

impl fmt::Display for WebPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.leads_to.is_some() { "a redirect" } else { "an HTML page" };
        write!(f, "{what} instead of an answer from {} (HTTP {}", self.host, self.status)?;
        if let Some(title) = &self.title {
            write!(f, ", titled \"{title}\"")?;
        }
        for (name, value) in [("Server", &self.server), ("Via", &self.via), ("leads to", &self.leads_to)] {
            if let Some(value) = value {
                write!(f, ", {name}: {value}")?;
            }
        }
        write!(f, "): {}", self.advice())
    }
}

/// A header, harmless, with so many characters at most; none where it is empty.
fn told(headers: &HeaderMap, name: &HeaderName, most: usize) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned();
    Some(short(&value, most)).filter(|text| !text.is_empty())
}

/// A text in one line, harmless, with so many characters at most.
fn short(text: &str, most: usize) -> String {
    let mut words = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(most) {
        words.truncate(at);
        words.push('…');
    }
    words
}

/// `https://portal.example` of `https://portal.example/login?token=…`; a place on the same host as it is, without what is asked.
fn without_path(url: &str) -> &str {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let host = bare.find("://").map_or(0, |at| at + 3);
    let authority = if host == 0 { bare } else { bare[host..].split('/').next().unwrap_or_default() };
    match authority.rsplit_once('@') {
        Some((_, bare)) => bare,
        None => &bare[..host + authority.len()],
    }
}

/// Whether that is a page: by how it begins, or by what it says that it is. Some services say `text/html` of their JSON and XML.
fn is_html(content_type: &str, body: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&body[..body.len().min(HEAD)]);
    let mut text = head.trim_start_matches('\u{feff}').trim_start();
    for (open, close) in [("<?xml", "?>"), ("<!--", "-->")] {
        if let Some((_, rest)) = text.strip_prefix(open).and_then(|rest| rest.split_once(close)) {
            text = rest.trim_start();
        }
    }
    let begins = |tag: &str| {
        let ends = |rest: &str| rest.starts_with('>') || rest.starts_with(char::is_whitespace);
        text.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag)) && ends(&text[tag.len()..])
    };
    if ["<!doctype html", "<html", "<head", "<body", "<title"].iter().any(|tag| begins(tag)) {
        return true;
    }
    let says_so = content_type.to_ascii_lowercase().starts_with("text/html");
    says_so && !text.is_empty() && !text.starts_with(['<', '{', '['])
}

/// What stands between `<title>` and `</title>`.
fn title(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(HEAD)]).into_owned();
    // The same length in bytes, so that places in one are places in the other.
    let lower = head.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let text = head[start..end]
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&");
    Some(short(&text, LONGEST_TITLE)).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(status: u16, headers: &[(&str, &str)], body: &str) -> Option<WebPage> {
        let response = headers
            .iter()
            .fold(http::Response::builder().status(status), |response, (name, value)| response.header(*name, *value));
        let response = response.body(Bytes::from(body.to_owned())).unwrap();
        WebPage::in_place_of("backup.us-east-1.amazonaws.com", &response)
    }

    #[test]
    fn a_page_is_told_with_whom_it_is_from_and_what_to_do() {
        let headers = [("content-type", "text/html"), ("server", "squid/5.7"), ("via", "1.1 gw.example (squid)")];
        let body = "<!DOCTYPE html>\n<HTML><head><Title lang=en>\n Sign in &amp; go\n </Title></head></HTML>";
        assert_eq!(
            page(200, &headers, body).unwrap().to_string(),
            "an HTML page instead of an answer from backup.us-east-1.amazonaws.com (HTTP 200, titled \"Sign in & go\", \
             Server: squid/5.7, Via: 1.1 gw.example (squid)): a proxy or captive portal is in between: sign in there with a \
             browser, or name the host in NO_PROXY"
        );
        let advice =
            |status| page(status, &headers, body).unwrap().to_string().rsplit_once("): ").unwrap().1.to_owned();
        assert!(advice(407).contains("HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT"), "{}", advice(407));
        assert!(advice(502).contains("does not get through"), "{}", advice(502));
        assert!(advice(403).contains("sign in there") && advice(511).contains("sign in there"));
    }

    #[test]
    fn whoever_is_sent_elsewhere_learns_where_and_none_of_its_secrets() {
        let told = |url| page(302, &[("location", url)], "").unwrap().leads_to.unwrap();
        assert_eq!(told("https://portal.example/login?token=secret"), "https://portal.example");
        assert_eq!(told("https://ada:secret@portal.example:8443/x"), "portal.example:8443");
        assert_eq!(told("/login?next=secret"), "/login");
        assert_eq!(page(304, &[], ""), None, "it leads nowhere");
    }

    #[test]
    fn nothing_of_a_page_acts_on_a_terminal_or_is_long() {
        let long = "x".repeat(10_000);
        let body = format!("<html><title>\u{1b}]52;c;ZXZpbA==\u{7}\u{202e}evil\u{200b}\n{long}</title>");
        let found = page(200, &[("server", &long)], &body).unwrap();
        let title = found.title.clone().unwrap();
        assert!(title.starts_with("]52;c;ZXZpbA==evil xxx") && title.chars().count() == LONGEST_TITLE + 1, "{title}");
        assert_eq!(found.server.as_ref().map(|server| server.chars().count()), Some(LONGEST_HEADER + 1));
        assert!(found.to_string().chars().count() < 500);
        assert_eq!(page(200, &[], "<html><title>never closed").unwrap().title, None);
        assert_eq!(page(200, &[], "<html><title>\t\n </title>").unwrap().title, None);
    }

    #[test]
    fn pages_are_known_by_how_they_begin_and_answers_are_none() {
        let html = ("content-type", "text/html; charset=utf-8");
        for body in [
            "<html>",
            " \n<HTML lang=de>",
            "\u{feff}<!doctype HTML public>",
            "<!-- proxy --><html>",
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html>",
        ] {
            assert!(page(200, &[("content-type", "application/json")], body).is_some(), "{body:?}");
        }
        assert!(page(200, &[html], "Please sign in.").is_some(), "it says that it is a page");
        // As moto answers: what it says of its JSON and XML is not so.
        for body in
            ["", "{}", "[]", "<ListBackupVaults/>", "<?xml version=\"1.0\"?><Error/>", "<HtmlThings>x</HtmlThings>"]
        {
            assert_eq!(page(200, &[html], body), None, "{body:?}");
        }
        assert_eq!(page(200, &[("content-type", "application/json")], "Please sign in."), None);
        for lacking in [404, 405, 501] {
            assert_eq!(page(lacking, &[html], "<html>"), None, "an operation that is not there");
        }
    }
}
