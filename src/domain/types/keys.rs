//! The keys of a restore's metadata: the facts of each, and the rules that follow from them.
//!
//! The dashboard's wizard makes its form from the same table with which the engine checks what StartRestoreJob brings. A key
//! that begins with `vaultdeck:` is the engine's own, and no form for AWS shows it.

use crate::domain::Invalid;
use crate::domain::continuous::Wanted;
use std::collections::BTreeMap;

/// A restore's metadata. AWS compares its keys without case.
pub type Metadata = BTreeMap<String, String>;

/// The member that carries the keys; every refusal begins with it.
const FIELD: &str = "Metadata";

/// The largest metadata in bytes, keys and values together.
pub const MAX_METADATA_BYTES: usize = 200 * 1024;

/// The engine's own key: the folder that a new file system gets as its root.
pub const PATH_KEY: &str = "vaultdeck:path";

/// The engine's own key: the server that is restored into.
pub const URL_KEY: &str = "vaultdeck:url";

/// The engine's own key: the endpoint at which what is restored lies.
pub const ENDPOINT_KEY: &str = "vaultdeck:endpoint";

/// The engine's own key: the database that what is restored becomes.
pub const DATABASE_KEY: &str = "vaultdeck:database";

/// The engine's own key: what is put behind the names of the databases that are restored.
pub const SUFFIX_KEY: &str = "vaultdeck:suffix";

/// The engine's own key: with `true` the restore is a test, which keeps nothing of what it restores.
pub const TEST_KEY: &str = "vaultdeck:test";

/// The key with the parts of a recovery point that are restored.
pub const ITEMS_KEY: &str = "ItemsToRestore";

/// A key of a restore's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFact {
    /// Its name, as AWS's documentation spells it; compared without case.
    pub name: &'static str,
    /// Whether it must be given, where it applies.
    pub required: bool,
    /// Where it applies; everywhere with `None`.
    pub when: Option<When>,
    /// What its value looks like.
    pub kind: Kind,
    /// What a form begins with where the recovery point says nothing.
    pub default: Option<&'static str>,
    /// Whose forms ask for it.
    pub asked: Asked,
    /// What a form calls it; its name with `None`.
    pub label: Option<&'static str>,
    /// Values with the words for them, where a form offers those.
    pub words: &'static [(&'static str, &'static str)],
    /// One line for whoever fills the form.
    pub help: &'static str,
}

/// That another key has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The other key.
    pub key: &'static str,
    /// Its value, compared without case.
    pub is: &'static str,
}

/// Whose forms ask for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Those for AWS and for an engine.
    Everywhere,
    /// Those for AWS: an engine does not carry it out.
    ByAws,
    /// Those for AWS, and those for an engine where the recovery point is a continuous one.
    OfMoments,
    /// Those for an engine: AWS does not have it.
    ByEngine,
    /// None: the recovery point says it, or the form has something else for it.
    Never,
}

/// What a value looks like; all travel as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// An absolute path on the engine's machine.
    Path,
    /// A moment in ISO 8601.
    Time,
    /// A JSON array of texts.
    List,
    /// A JSON object or array.
    Json,
    /// One of these.
    Choice(&'static [&'static str]),
}

/// A key that must be given.
pub(super) const fn must(name: &'static str, kind: Kind, help: &'static str) -> KeyFact {
    KeyFact { required: true, ..may(name, kind, help) }
}

/// A key that may be given.
pub(super) const fn may(name: &'static str, kind: Kind, help: &'static str) -> KeyFact {
    KeyFact {
        name,
        required: false,
        when: None,
        kind,
        default: None,
        asked: Asked::Everywhere,
        label: None,
        words: &[],
        help,
    }
}

impl KeyFact {
    pub(super) const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(super) const fn when(self, key: &'static str, is: &'static str) -> Self {
        Self { when: Some(When { key, is }), ..self }
    }

    pub(super) const fn asked(self, asked: Asked) -> Self {
        Self { asked, ..self }
    }

    pub(super) const fn labelled(self, label: &'static str, words: &'static [(&'static str, &'static str)]) -> Self {
        Self { label: Some(label), words, ..self }
    }

    /// Whether it has a meaning beside what `told` says of the other keys.
    pub fn applies<'a>(&self, told: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.when.is_none_or(|when| told(when.key).is_some_and(|is| is.eq_ignore_ascii_case(when.is)))
    }

    /// Checks that `value` has this key's kind.
    pub fn check(&self, value: &str) -> Result<(), Invalid> {
        let fits = match self.kind {
            Kind::Bool => parse_bool(value).is_some(),
            Kind::Text => true,
            Kind::Number => value.parse::<i64>().is_ok(),
            Kind::Path => value.starts_with('/') && !value.contains('\0'),
            Kind::Time => chrono::DateTime::parse_from_rfc3339(value).is_ok(),
            Kind::List => serde_json::from_str::<Vec<String>>(value).is_ok(),
            Kind::Json => {
                serde_json::from_str::<serde_json::Value>(value).is_ok_and(|json| json.is_object() || json.is_array())
            }
            Kind::Choice(choices) => choices.contains(&value),
        };
        if fits {
            return Ok(());
        }
        Err(refused(self.name, format_args!("{} must be {}, it is {value:?}", self.name, self.kind)))
    }

    /// Whether it applies, must be given, and is not.
    pub(super) fn is_missing(&self, metadata: &Metadata) -> bool {
        self.required
            && self.applies(|name| value(metadata, name))
            && value(metadata, self.name).is_none_or(str::is_empty)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool => f.write_str("true or false"),
            Self::Text => f.write_str("text"),
            Self::Number => f.write_str("a whole number"),
            Self::Path => f.write_str("an absolute path"),
            Self::Time => f.write_str("a time such as 2026-11-23T05:00:00Z"),
            Self::List => f.write_str("a JSON array of texts"),
            Self::Json => f.write_str("a JSON object or array"),
            Self::Choice(choices) => f.write_str(&choices.join(" or ")),
        }
    }
}

/// The field of a refusal that is about one key.
pub(super) fn field_of(key: &str) -> String {
    format!("{FIELD}.{key}")
}

/// A refusal that is about one key; [`key_of`] tells which.
pub fn refused(key: &str, rule: impl std::fmt::Display) -> Invalid {
    Invalid { field: field_of(key), ..Invalid::value(FIELD, rule) }
}

/// The key that a refusal of metadata is about; none when it is about all of them together.
pub fn key_of(invalid: &Invalid) -> Option<&str> {
    invalid.field.strip_prefix(FIELD)?.strip_prefix('.')
}

/// Refuses metadata that is too large, of whatever type.
pub fn check_size(metadata: &Metadata) -> Result<(), Invalid> {
    let size: usize = metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > MAX_METADATA_BYTES {
        return Err(Invalid::value(FIELD, format_args!("must have at most {MAX_METADATA_BYTES} bytes, it has {size}")));
    }
    Ok(())
}

/// What a key's value is, whatever the case of its name.
pub fn value<'a>(metadata: &'a Metadata, name: &str) -> Option<&'a str> {
    metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The keys that name a moment, for a restore of what was backed up continuously.
pub const TIME_KEYS: [&str; 2] = ["RestoreTime", "restoreToTime"];

/// The key that asks for the last moment that there is.
pub const LATEST_KEY: &str = "UseLatestRestorableTime";

/// Whether a key has to do with the moment of a restore.
pub fn is_of_moment(name: &str) -> bool {
    TIME_KEYS.iter().chain([&LATEST_KEY]).any(|key| key.eq_ignore_ascii_case(name))
}

/// Which moment a restore is asked for; none where nothing says so.
pub fn moment(metadata: &Metadata) -> Result<Option<Wanted>, Invalid> {
    let time = TIME_KEYS.iter().find_map(|key| Some((*key, value(metadata, key).filter(|text| !text.is_empty())?)));
    let latest = value(metadata, LATEST_KEY).and_then(parse_bool) == Some(true);
    match (time, latest) {
        (Some((key, _)), true) => Err(refused(key, format_args!("give either {key} or {LATEST_KEY}, not both"))),
        (Some((key, text)), false) => {
            let at = chrono::DateTime::parse_from_rfc3339(text);
            let at = at.map_err(|_| refused(key, format_args!("{key} must be {}, it is {text:?}", Kind::Time)))?;
            Ok(Some(Wanted::At(at.to_utc())))
        }
        (None, true) => Ok(Some(Wanted::Latest)),
        (None, false) => Ok(None),
    }
}

/// Whether metadata asks for a restore that is a test. Such a one takes no other key but those of a moment.
pub fn is_test(metadata: &Metadata) -> Result<bool, Invalid> {
    let Some(given) = value(metadata, TEST_KEY) else { return Ok(false) };
    if parse_bool(given) != Some(true) {
        return Err(refused(TEST_KEY, format_args!("{TEST_KEY} must be true where it is given, it is {given:?}")));
    }
    let taken = |name: &&String| name.eq_ignore_ascii_case(TEST_KEY) || is_of_moment(name) || is_marker(name);
    match metadata.keys().find(|name| !taken(name)) {
        None => check_size(metadata).map(|()| true),
        Some(other) => {
            let rule = format_args!("a restore test has no key {other:?}: it chooses itself where it restores to");
            Err(refused(other, rule))
        }
    }
}

/// AWS's own marker of a request: any value, without effect.
pub(super) fn is_marker(name: &str) -> bool {
    name.eq_ignore_ascii_case("aws:backup:request-id")
}

/// `true` or `false`, whatever the case.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
