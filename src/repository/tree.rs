//! Trees: folders, as JSON within a blob.

use super::{Error, Id, Node, Result};

/// A folder with all its items in memory. Large folders are better read with [`TreeReader`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// The items, sorted by the bytes of their names.
    pub nodes: Vec<Node>,
}

impl Tree {
    /// Reads the content of a tree blob.
    pub fn decode(id: &Id, json: &[u8]) -> Result<Self> {
        let nodes = TreeReader::new(*id, json)?.collect::<Result<_>>()?;
        Ok(Self { nodes })
    }

    /// The content of a tree blob.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = TreeWriter::new();
        for node in &self.nodes {
            writer.push(node);
        }
        writer.finish()
    }

    /// The item with that name.
    pub fn find(&self, name: &[u8]) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }
}

/// Reads the nodes of a tree one by one, so that a folder with millions of items needs no more memory than its JSON.
pub struct TreeReader<Json> {
    id: Id,
    json: Json,
    at: usize,
    finished: bool,
}

impl<Json: AsRef<[u8]>> TreeReader<Json> {
    /// A reader of the content of a tree blob; the id is for messages.
    pub fn new(id: Id, json: Json) -> Result<Self> {
        let mut reader = Self { id, json, at: 0, finished: false };
        for expected in [&b"{"[..], b"\"nodes\"", b":"] {
            reader.expect(expected)?;
        }
        // Go writes an empty list that was never made as null.
        if reader.rest().starts_with(b"null") {
            reader.at += 4;
            reader.finished = true;
            return Ok(reader);
        }
        reader.expect(b"[")?;
        reader.skip_blanks();
        if reader.rest().first() == Some(&b']') {
            reader.finished = true;
        }
        Ok(reader)
    }

    fn rest(&self) -> &[u8] {
        &self.json.as_ref()[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    fn expect(&mut self, token: &[u8]) -> Result<()> {
        self.skip_blanks();
        if !self.rest().starts_with(token) {
            let token = String::from_utf8_lossy(token);
            return Err(self.damaged(format!("{token} is missing at byte {}", self.at)));
        }
        self.at += token.len();
        self.skip_blanks();
        Ok(())
    }

    fn damaged(&self, problem: impl std::fmt::Display) -> Error {
        Error::damaged(format!("tree {}", self.id), problem)
    }

    fn read_node(&mut self) -> Result<Node> {
        let mut stream = serde_json::Deserializer::from_slice(self.rest()).into_iter::<Node>();
        let node = stream.next();
        let length = stream.byte_offset();
        let node = match node {
            Some(Ok(node)) => node,
            Some(Err(error)) => return Err(self.damaged(error)),
            None => return Err(self.damaged("it ends within the list of its nodes")),
        };
        self.at += length;
        self.skip_blanks();
        match self.rest().first() {
            Some(b',') => self.expect(b",")?,
            Some(b']') => self.finished = true,
            _ => return Err(self.damaged("its list of nodes is not closed")),
        }
        Ok(node)
    }
}

impl<Json: AsRef<[u8]>> Iterator for TreeReader<Json> {
    type Item = Result<Node>;

    fn next(&mut self) -> Option<Result<Node>> {
        if self.finished {
            return None;
        }
        let node = self.read_node();
        self.finished |= node.is_err();
        Some(node)
    }
}

/// Writes a tree node by node.
pub struct TreeWriter {
    json: Vec<u8>,
    empty: bool,
}

const HEAD: &[u8] = b"{\"nodes\":[";

impl Default for TreeWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl TreeWriter {
    /// An empty tree.
    pub fn new() -> Self {
        Self { json: HEAD.to_vec(), empty: true }
    }

    /// Appends a node. Nodes must come sorted by the bytes of their names.
    pub fn push(&mut self, node: &Node) {
        if !self.empty {
            self.json.push(b',');
        }
        self.empty = false;
        node.push_json(&mut self.json);
    }

    /// The content of the tree blob.
    pub fn finish(mut self) -> Vec<u8> {
        self.json.extend_from_slice(b"]}\n");
        self.json
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_tree_is_that_of_restic() {
        let json = Tree::default().encode();
        assert_eq!(Id::of(&json).to_hex(), "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8");
        assert_eq!(Tree::decode(&Id::of(&json), &json).unwrap(), Tree::default());
        assert_eq!(Tree::decode(&Id::of(b""), b"{\"nodes\":null}").unwrap(), Tree::default());
    }

    #[test]
    fn broken_trees_are_errors() {
        let whole = Tree { nodes: vec![Node { name: b"a".into(), ..Node::default() }] }.encode();
        for length in 0..whole.len() - 3 {
            assert!(Tree::decode(&Id::of(b""), &whole[..length]).is_err(), "{length}");
        }
        for json in [&b"[]"[..], b"{\"nodes\":{}}", b"{\"nodes\":[{}]}", b"{\"nodes\":[1 2]}"] {
            assert!(Tree::decode(&Id::of(b""), json).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_tree_survives(nodes in proptest::collection::vec(crate::repository::node::tests::node(), 0..5)) {
            let tree = Tree { nodes };
            let json = tree.encode();
            prop_assert_eq!(Tree::decode(&Id::of(&json), &json).unwrap(), tree);
        }
    }
}
