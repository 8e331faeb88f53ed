//! Nodes: what a folder says about one item in it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer};

use super::quoting::{quote, unquote};
use super::{Id, Timestamp};

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NodeKind {
    /// A regular file.
    #[default]
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharacterDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// Something that this program does not know.
    Other,
}

impl NodeKind {
    /// restic's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "dir",
            Self::Symlink => "symlink",
            Self::BlockDevice => "dev",
            Self::CharacterDevice => "chardev",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Other => "irregular",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "file" => Self::File,
            "dir" => Self::Directory,
            "symlink" => Self::Symlink,
            "dev" => Self::BlockDevice,
            "chardev" => Self::CharacterDevice,
            "fifo" => Self::Fifo,
            "socket" => Self::Socket,
            _ => Self::Other,
        }
    }

    /// The bits that Go's `FileMode` has for it.
    fn go_mode(self) -> u32 {
        match self {
            Self::File => 0,
            Self::Directory => 1 << 31,
            Self::Symlink => 1 << 27,
            Self::BlockDevice => 1 << 26,
            Self::CharacterDevice => 1 << 26 | 1 << 21,
            Self::Fifo => 1 << 25,
            Self::Socket => 1 << 24,
            Self::Other => 1 << 19,
        }
    }
}

/// Go's bits for set-user-id, set-group-id and sticky, with those of Unix.
const SPECIAL: [(u32, u32); 3] = [(1 << 23, 0o4000), (1 << 22, 0o2000), (1 << 20, 0o1000)];

/// One item of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// Its name: any bytes but `/` and 0.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: NodeKind,
    /// Permissions with set-user-id, set-group-id and sticky, as Unix has them (12 bits).
    pub permissions: u32,
    /// When the content changed.
    pub modified: Timestamp,
    /// When it was read. Stored equal to `modified`, as restic does, so that reading changes nothing.
    pub accessed: Timestamp,
    /// When content or metadata changed.
    pub changed: Timestamp,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// The owner's name, where it has one.
    pub user: String,
    /// The group's name, where it has one.
    pub group: String,
    /// The file's number in its file system.
    pub inode: u64,
    /// The file system's number.
    pub device_id: u64,
    /// A file's length.
    pub size: u64,
    /// How many names the file has.
    pub links: u64,
    /// Where a symbolic link points: any bytes.
    pub link_target: Vec<u8>,
    /// Extended attributes, in the order of their names.
    pub extended_attributes: Vec<ExtendedAttribute>,
    /// The number of a device node.
    pub device: u64,
    /// A file's pieces; empty for everything else.
    pub content: Vec<Id>,
    /// A folder's tree.
    pub subtree: Option<Id>,
}

/// An extended attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedAttribute {
    /// Its full name, as `user.note`.
    pub name: String,
    /// Its value: any bytes.
    pub value: Vec<u8>,
}

impl Node {
    /// Go's `FileMode` of this node.
    pub fn go_mode(&self) -> u32 {
        let special = SPECIAL.iter().filter(|(_, unix)| self.permissions & unix != 0).map(|(go, _)| go);
        special.fold(self.kind.go_mode() | self.permissions & 0o777, |mode, bit| mode | bit)
    }

    /// The permissions within Go's `FileMode`, as Unix has them.
    fn permissions_of_go_mode(mode: u32) -> u32 {
        let special = SPECIAL.iter().filter(|(go, _)| mode & go != 0).map(|(_, unix)| unix);
        special.fold(mode & 0o777, |permissions, bit| permissions | bit)
    }

    /// Whether it is a folder.
    pub fn is_directory(&self) -> bool {
        self.kind == NodeKind::Directory
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        self.kind == NodeKind::File
    }

    /// Whether several names may share this file, so that a restore must link them.
    pub fn is_hard_linked(&self) -> bool {
        self.links > 1 && !self.is_directory()
    }

    /// Appends the node as JSON, with restic's members in restic's order.
    pub fn push_json(&self, out: &mut Vec<u8>) {
        let mut quoted = Vec::with_capacity(self.name.len() + 8);
        quote(&self.name, &mut quoted);
        out.extend_from_slice(b"{\"name\":");
        push_string(out, &quoted);
        push_raw(out, b",\"type\":\"", self.kind.as_str().as_bytes());
        out.push(b'"');
        push_number(out, b",\"mode\":", u64::from(self.go_mode()));
        for (key, time) in [
            (&b",\"mtime\":\""[..], self.modified),
            (b",\"atime\":\"", self.accessed),
            (b",\"ctime\":\"", self.changed),
        ] {
            out.extend_from_slice(key);
            time.push_rfc3339(out);
            out.push(b'"');
        }
        push_number(out, b",\"uid\":", u64::from(self.uid));
        push_number(out, b",\"gid\":", u64::from(self.gid));
        for (key, name) in [(&b",\"user\":"[..], &self.user), (b",\"group\":", &self.group)] {
            if !name.is_empty() {
                out.extend_from_slice(key);
                push_string(out, name.as_bytes());
            }
        }
        for (key, number) in [
            (&b",\"inode\":"[..], self.inode),
            (b",\"device_id\":", self.device_id),
            (b",\"size\":", self.size),
            (b",\"links\":", self.links),
        ] {
            if number != 0 {
                push_number(out, key, number);
            }
        }
        self.push_link_target(out);
        self.push_extended_attributes(out);
        if self.device != 0 {
            push_number(out, b",\"device\":", self.device);
        }
        self.push_content(out);
        if let Some(subtree) = self.subtree {
            out.extend_from_slice(b",\"subtree\":\"");
            subtree.push_hex(out);
            out.push(b'"');
        }
        out.push(b'}');
    }

    /// A target that is not UTF-8 is written twice, as newer versions of restic do: readable, and exact in base64.
    fn push_link_target(&self, out: &mut Vec<u8>) {
        if self.link_target.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&self.link_target);
        out.extend_from_slice(b",\"linktarget\":");
        push_string(out, text.as_bytes());
        if matches!(text, Cow::Owned(_)) {
            push_raw(out, b",\"linktarget_raw\":\"", BASE64.encode(&self.link_target).as_bytes());
            out.push(b'"');
        }
    }

    fn push_extended_attributes(&self, out: &mut Vec<u8>) {
        if self.extended_attributes.is_empty() {
            return;
        }
        out.extend_from_slice(b",\"extended_attributes\":[");
        for (position, attribute) in self.extended_attributes.iter().enumerate() {
            out.extend_from_slice(if position == 0 { b"{\"name\":" } else { b",{\"name\":" });
            push_string(out, attribute.name.as_bytes());
            push_raw(out, b",\"value\":\"", BASE64.encode(&attribute.value).as_bytes());
            out.extend_from_slice(b"\"}");
        }
        out.push(b']');
    }

    fn push_content(&self, out: &mut Vec<u8>) {
        if !self.is_file() {
            out.extend_from_slice(b",\"content\":null");
            return;
        }
        out.reserve(self.content.len() * 67 + 128);
        out.extend_from_slice(b",\"content\":[");
        for (position, id) in self.content.iter().enumerate() {
            out.extend_from_slice(if position == 0 { b"\"" } else { b",\"" });
            id.push_hex(out);
            out.push(b'"');
        }
        out.push(b']');
    }
}

fn push_raw(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    out.extend_from_slice(key);
    out.extend_from_slice(value);
}

fn push_number(out: &mut Vec<u8>, key: &[u8], mut number: u64) {
    out.extend_from_slice(key);
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends valid UTF-8 as a JSON string, escaping what Go escapes.
fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut plain = 0;
    let mut at = 0;
    while at < text.len() {
        let (escaped, length): (Cow<'static, [u8]>, usize) = match text[at] {
            b'"' => (Cow::Borrowed(b"\\\""), 1),
            b'\\' => (Cow::Borrowed(b"\\\\"), 1),
            b'\n' => (Cow::Borrowed(b"\\n"), 1),
            b'\r' => (Cow::Borrowed(b"\\r"), 1),
            b'\t' => (Cow::Borrowed(b"\\t"), 1),
            byte @ (0..0x20 | b'<' | b'>' | b'&') => (Cow::Owned(format!("\\u{byte:04x}").into_bytes()), 1),
            0xe2 if text[at..].starts_with("\u{2028}".as_bytes()) => (Cow::Borrowed(b"\\u2028"), 3),
            0xe2 if text[at..].starts_with("\u{2029}".as_bytes()) => (Cow::Borrowed(b"\\u2029"), 3),
            _ => {
                at += 1;
                continue;
            }
        };
        out.extend_from_slice(&text[plain..at]);
        out.extend_from_slice(&escaped);
        at += length;
        plain = at;
    }
    out.extend_from_slice(&text[plain..]);
    out.push(b'"');
}

/// A node as JSON says it. Members that we do not know are passed over.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    mode: u32,
    #[serde(default, rename = "mtime")]
    modified: Timestamp,
    #[serde(default, rename = "atime")]
    accessed: Timestamp,
    #[serde(default, rename = "ctime")]
    changed: Timestamp,
    #[serde(default)]
    uid: u32,
    #[serde(default)]
    gid: u32,
    #[serde(default)]
    user: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    inode: u64,
    #[serde(default)]
    device_id: u64,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    links: u64,
    #[serde(default)]
    linktarget: String,
    #[serde(default)]
    linktarget_raw: Option<String>,
    #[serde(default)]
    extended_attributes: Option<Vec<WireAttribute>>,
    #[serde(default)]
    device: u64,
    #[serde(default)]
    content: Option<Vec<Id>>,
    #[serde(default)]
    subtree: Option<Id>,
}

#[derive(Deserialize)]
struct WireAttribute {
    name: String,
    #[serde(default)]
    value: Option<String>,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let not_base64 = |_| serde::de::Error::custom("a value is not base64");
        let decode = |text: String| BASE64.decode(text).map_err(not_base64);
        let link_target = match wire.linktarget_raw {
            Some(raw) if !raw.is_empty() => decode(raw)?,
            _ => wire.linktarget.into_bytes(),
        };
        let attributes = wire.extended_attributes.unwrap_or_default().into_iter().map(|attribute| {
            Ok(ExtendedAttribute { name: attribute.name, value: decode(attribute.value.unwrap_or_default())? })
        });
        Ok(Self {
            name: unquote(&wire.name).into_owned(),
            kind: NodeKind::parse(&wire.kind),
            permissions: Self::permissions_of_go_mode(wire.mode),
            modified: wire.modified,
            accessed: wire.accessed,
            changed: wire.changed,
            uid: wire.uid,
            gid: wire.gid,
            user: wire.user,
            group: wire.group,
            inode: wire.inode,
            device_id: wire.device_id,
            size: wire.size,
            links: wire.links,
            link_target,
            extended_attributes: attributes.collect::<Result<_, D::Error>>()?,
            device: wire.device,
            content: wire.content.unwrap_or_default(),
            subtree: wire.subtree,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(node: &Node) -> String {
        let mut out = Vec::new();
        node.push_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// Lines that restic 0.14 wrote.
    const OF_RESTIC: &[&str] = &[
        r#"{"name":"a","type":"file","mode":8389101,"mtime":"2026-11-23T04:38:51.136809638Z","atime":"2026-11-23T04:38:51.136809638Z","ctime":"2026-11-23T04:38:51.291454618Z","uid":0,"gid":0,"user":"root","group":"root","inode":10019110,"device_id":65024,"size":5,"links":2,"extended_attributes":[{"name":"user.x","value":"dmFs"}],"content":["2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"]}"#,
        r#"{"name":"blk","type":"dev","mode":67109284,"mtime":"2026-11-23T04:38:51.144489893Z","atime":"2026-11-23T04:38:51.144489893Z","ctime":"2026-11-23T04:38:51.144489893Z","uid":0,"gid":0,"user":"root","group":"root","inode":10019116,"device_id":65024,"links":1,"device":286327664,"content":null}"#,
        r#"{"name":"dev","type":"chardev","mode":69206436,"mtime":"2026-11-23T04:38:51.141984438Z","atime":"2026-11-23T04:38:51.141984438Z","ctime":"2026-11-23T04:38:51.141984438Z","uid":0,"gid":0,"user":"root","group":"root","inode":10019115,"device_id":65024,"links":1,"device":259,"content":null}"#,
        r#"{"name":"empty","type":"file","mode":420,"mtime":"2026-11-23T04:38:51.136809638Z","atime":"2026-11-23T04:38:51.136809638Z","ctime":"2026-11-23T04:38:51.136809638Z","uid":0,"gid":0,"user":"root","group":"root","inode":10019111,"device_id":65024,"links":1,"content":[]}"#,
        r#"{"name":"link","type":"symlink","mode":134218239,"mtime":"2026-11-23T04:38:51.136809638Z","atime":"2026-11-23T04:38:51.136809638Z","ctime":"2026-11-23T04:38:51.136809638Z","uid":0,"gid":0,"user":"root","group":"root","inode":10019112,"device_id":65024,"links":1,"linktarget":"a","content":null}"#,
        r#"{"name":"na\\xff\\\"me\\x1b","type":"file","mode":420,"mtime":"2026-11-23T04:38:51.148686539Z","atime":"2026-11-23T04:38:51.148686539Z","ctime":"2026-11-23T04:38:51.148686539Z","uid":0,"gid":0,"user":"root","group":"root","inode":10019117,"device_id":65024,"links":1,"content":[]}"#,
        r#"{"name":"sticky","type":"dir","mode":2148532735,"mtime":"2026-11-23T04:38:51.295454618Z","atime":"2026-11-23T04:38:51.295454618Z","ctime":"2026-11-23T04:38:51.300949119Z","uid":0,"gid":0,"user":"root","group":"root","inode":10019119,"device_id":65024,"content":null,"subtree":"ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8"}"#,
    ];

    #[test]
    fn nodes_of_restic_are_read_and_written_byte_for_byte() {
        for line in OF_RESTIC {
            let node: Node = serde_json::from_str(line).unwrap();
            assert_eq!(json(&node), *line);
        }
    }

    #[test]
    fn members_that_nobody_knows_are_passed_over() {
        let node: Node = serde_json::from_str(
            r#"{"name":"x","type":"dir","mode":2147484141,"generic_attributes":{"a":[1]},"content":null,"new":7}"#,
        )
        .unwrap();
        assert_eq!((node.kind, node.permissions), (NodeKind::Directory, 0o755));
    }

    #[test]
    fn a_target_that_is_not_text_is_kept_exactly() {
        let node =
            Node { kind: NodeKind::Symlink, name: b"l".into(), link_target: b"\xffbad".into(), ..Node::default() };
        assert!(json(&node).contains(r#""linktarget":"�bad","linktarget_raw":"/2JhZA==""#));
        assert_eq!(serde_json::from_str::<Node>(&json(&node)).unwrap(), node);
    }

    fn bytes(length: usize) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..length)
    }

    fn time() -> impl Strategy<Value = Timestamp> {
        (-62_167_219_200i64..253_402_300_799, 0u32..1_000_000_000)
            .prop_map(|(seconds, nanos)| Timestamp::new(seconds, nanos))
    }

    fn kind() -> impl Strategy<Value = NodeKind> {
        prop_oneof![
            Just(NodeKind::File),
            Just(NodeKind::Directory),
            Just(NodeKind::Symlink),
            Just(NodeKind::BlockDevice),
            Just(NodeKind::CharacterDevice),
            Just(NodeKind::Fifo),
            Just(NodeKind::Socket)
        ]
    }

    prop_compose! {
        /// Any node that can exist.
        pub(crate) fn node()(
            kind in kind(), name in bytes(20), permissions in 0u32..0o10000, times in [time(), time(), time()],
            owner in any::<(u32, u32)>(), names in ["\\PC{0,8}", "\\PC{0,8}"], numbers in any::<[u64; 4]>(), target in bytes(20),
            attributes in proptest::collection::vec(("\\PC{1,10}", bytes(10)), 0..3), device in any::<u64>(),
            content in proptest::collection::vec(any::<[u8; 32]>(), 0..4), subtree in any::<[u8; 32]>(),
        ) -> Node {
            let file = kind == NodeKind::File;
            let [inode, device_id, size, links] = numbers;
            let [user, group] = names;
            Node {
                name, kind, permissions, modified: times[0], accessed: times[1], changed: times[2], uid: owner.0, gid: owner.1,
                user, group, inode, device_id, size, links,
                link_target: if kind == NodeKind::Symlink { target } else { Vec::new() },
                extended_attributes: attributes.into_iter().map(|(name, value)| ExtendedAttribute { name, value }).collect(),
                device,
                content: if file { content.into_iter().map(Id::from_bytes).collect() } else { Vec::new() },
                subtree: (kind == NodeKind::Directory).then(|| Id::from_bytes(subtree)),
            }
        }
    }

    proptest! {
        #[test]
        fn any_node_survives_its_json(node in node()) {
            prop_assert_eq!(serde_json::from_str::<Node>(&json(&node)).unwrap(), node);
        }
    }
}
