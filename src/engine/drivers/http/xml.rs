//! Answers in XML, as services of AWS's query protocol give them: elements with text or with elements, and nothing else that counts.

use crate::engine::drivers::http::clean;

/// Deeper than any answer.
const DEEPEST: usize = 64;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::engine::drivers) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The root of a document. The error says what is wrong with it.
    pub(in crate::engine::drivers) fn read(document: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(document).map_err(|_| "it is not UTF-8".to_owned())?;
        let mut rest = text.trim_start_matches('\u{feff}');
        // The root of the document is the only child of this.
        let mut open = vec![Self::default()];
        while !rest.is_empty() {
            rest = step(rest, &mut open)?;
        }
        match (open.pop(), open.is_empty()) {
            (Some(mut outer), true) if outer.children.len() == 1 => Ok(outer.children.remove(0)),
            (Some(_), true) => Err("it has no root".to_owned()),
            (last, _) => Err(format!("{} is not closed", last.unwrap_or_default().name)),
        }
    }

    /// The first element of this name in it.
    pub(in crate::engine::drivers) fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the element of this name in it; none where there is none.
    pub(in crate::engine::drivers) fn text(&self, name: &str) -> Option<&str> {
        self.find(name).map(|child| child.text.as_str())
    }

    /// The members of the list of this name in it.
    pub(in crate::engine::drivers) fn members(&self, name: &str) -> impl Iterator<Item = &Self> {
        let list = self.find(name).map_or(&[][..], |list| &list.children);
        list.iter().filter(|child| child.name == "member")
    }

    /// Its own text.
    pub(in crate::engine::drivers) fn content(&self) -> &str {
        &self.text
    }
}

/// Reads on by one piece; what is left.
fn step<'a>(rest: &'a str, open: &mut Vec<Element>) -> Result<&'a str, String> {
    let Some(markup) = rest.strip_prefix('<') else {
        let (text, rest) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        let text = unescaped(text)?;
        open.last_mut().into_iter().for_each(|element| element.text.push_str(&text));
        return Ok(rest);
    };
    if let Some(comment) = markup.strip_prefix("!--") {
        return behind(comment, "-->").map(|(_, rest)| rest);
    }
    if let Some(data) = markup.strip_prefix("![CDATA[") {
        let (text, rest) = behind(data, "]]>")?;
        open.last_mut().into_iter().for_each(|element| element.text.push_str(text));
        return Ok(rest);
    }
    if markup.starts_with(['!', '?']) {
        return behind(markup, ">").map(|(_, rest)| rest);
    }
    let (tag, rest) = tag(markup)?;
    match (tag.strip_prefix('/'), tag.strip_suffix('/')) {
        (Some(name), _) => close(local(name), open)?,
        (None, Some(whole)) => {
            let name = local(whole);
            begin(name, open)?;
            close(name, open)?;
        }
        (None, None) => begin(local(tag), open)?,
    }
    Ok(rest)
}

fn begin(name: &str, open: &mut Vec<Element>) -> Result<(), String> {
    if name.is_empty() || open.len() > DEEPEST {
        return Err("it has an element without a name, or too many in one another".to_owned());
    }
    open.push(Element { name: name.to_owned(), ..Element::default() });
    Ok(())
}

fn close(name: &str, open: &mut Vec<Element>) -> Result<(), String> {
    let wrong = || format!("</{}> closes nothing", clean(name));
    let mut element = open.pop().filter(|element| element.name == name).ok_or_else(wrong)?;
    // Between elements there are only line breaks and indents.
    if !element.children.is_empty() {
        element.text.clear();
    }
    open.last_mut().ok_or_else(wrong)?.children.push(element);
    Ok(())
}

/// What stands in a tag, and what comes behind it. A bracket within the value of an attribute does not end it.
fn tag(markup: &str) -> Result<(&str, &str), String> {
    let mut quote = None;
    for (at, c) in markup.char_indices() {
        match (quote, c) {
            (None, '>') => return Ok((&markup[..at], &markup[at + 1..])),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    Err("a tag in it does not end".to_owned())
}

fn behind<'a>(text: &'a str, end: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once(end).ok_or_else(|| format!("{end} is missing in it"))
}

/// The name in a tag, without its attributes and its prefix.
fn local(tag: &str) -> &str {
    let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
    name.rsplit(':').next().unwrap_or_default()
}

/// A text with its references replaced.
fn unescaped(text: &str) -> Result<String, String> {
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (reference, rest) = piece.split_once(';').ok_or("a reference in it does not end")?;
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let c = match reference {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match (reference.strip_prefix("#x"), reference.strip_prefix('#')) {
                (Some(digits), _) => number(digits, 16),
                (None, Some(digits)) => number(digits, 10),
                (None, None) => None,
            },
        };
        plain.push(c.ok_or_else(|| format!("&{}; means nothing", clean(reference)))?);
        plain.push_str(rest);
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_with_its_lists_and_its_references() {
        let document = "<?xml version=\"1.0\"?>\n<!-- > --><a:Answer xmlns:a=\"x>y\">\n  <Result><List>\n<member><Key>a&amp;b</Key><Value/></member>\
            <member><Key> &#10;&#x41;&lt;&quot;&apos; </Key></member><other/></List></Result><Text><![CDATA[<raw> & so]]></Text></a:Answer>\n";
        let root = Element::read(document.as_bytes()).unwrap();
        assert_eq!((root.name.as_str(), root.content(), root.text("Text")), ("Answer", "", Some("<raw> & so")));
        let members: Vec<_> = root.find("Result").unwrap().members("List").collect();
        let told: Vec<_> = members.iter().map(|member| (member.text("Key"), member.text("Value"))).collect();
        assert_eq!(told, [(Some("a&b"), Some("")), (Some(" \nA<\"' "), None)]);
        assert_eq!(root.members("Nothing").count(), 0);
    }

    #[test]
    fn what_is_no_xml_is_refused_with_a_reason() {
        let deep = "<a>".repeat(1000);
        for wrong in [
            "",
            "plain",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a",
            "<a>&nope;</a>",
            "<a>&amp</a>",
            "<a><!-- </a>",
            "< />",
            "<a>&#xd800;</a>",
            deep.as_str(),
        ] {
            assert!(Element::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(Element::read(b"<a>\xff</a>").unwrap_err().contains("UTF-8"));
    }
}
