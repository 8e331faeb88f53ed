//! Where the data of a resource lies, in the parts in which `resource add` takes it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Where the data of a resource lies. What its parts mean is the matter of the type's driver. Secrets are no part of it: it is
/// listed and logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Location(BTreeMap<Part, String>);

/// A part of a location, and the option of `resource add` that gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Part {
    /// `--path`: a folder or file of the engine's machine.
    Path,
    /// `--url`: a server.
    Url,
    /// `--endpoint`: a service that speaks an AWS protocol.
    Endpoint,
    /// `--bucket`, at an endpoint.
    Bucket,
    /// `--table`, at an endpoint.
    Table,
    /// `--stack`, at an endpoint.
    Stack,
    /// `--database`, on a server.
    Database,
    /// `--kind`: which of several services that the type stands for.
    Kind,
    /// `--engine`: which of several database engines.
    Engine,
    /// `--snapshot`: how the file system below is held still while it is read.
    Snapshot,
}

/// A form in which a type takes locations.
#[derive(Debug, Clone, Copy)]
pub struct LocationForm {
    /// The parts that must be there.
    pub needs: &'static [Part],
    /// The parts that may be there besides.
    pub may: &'static [Part],
    /// Whether a secret goes with it.
    pub secret: bool,
}

impl Part {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::Path,
        Self::Url,
        Self::Endpoint,
        Self::Bucket,
        Self::Table,
        Self::Stack,
        Self::Database,
        Self::Kind,
        Self::Engine,
        Self::Snapshot,
    ];

    /// Its name in the extension's bodies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "Path",
            Self::Url => "Url",
            Self::Endpoint => "Endpoint",
            Self::Bucket => "Bucket",
            Self::Table => "Table",
            Self::Stack => "Stack",
            Self::Database => "Database",
            Self::Kind => "Kind",
            Self::Engine => "Engine",
            Self::Snapshot => "Snapshot",
        }
    }

    /// What a form calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Url => "URL",
            other => other.name(),
        }
    }

    /// What it looks like, where the type says nothing closer.
    pub(super) fn look(self) -> &'static str {
        match self {
            Self::Path => "an absolute path on the engine's machine",
            Self::Url => "the server's URL, without a password",
            Self::Endpoint => "the URL of a service that speaks the AWS protocol",
            Self::Bucket => "the bucket at the endpoint",
            Self::Table => "the table at the endpoint",
            Self::Stack => "the stack at the endpoint",
            Self::Database => "the database on the server",
            Self::Kind => "which of the services that the type stands for",
            Self::Engine => "which of the database engines",
            Self::Snapshot => {
                "auto, none, btrfs, zfs, or the absolute path of a program: how it is held still while it is read"
            }
        }
    }

    /// The option of `resource add` that gives it.
    pub fn option(self) -> String {
        format!("--{}", self.name().to_ascii_lowercase())
    }
}

impl Location {
    /// A location of these parts; whether a type takes them is asked of [`TypeFacts::check_location`](crate::domain::types::TypeFacts::check_location).
    pub fn of(parts: impl IntoIterator<Item = (Part, String)>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// A folder or file of the engine's machine.
    pub fn at_path(path: impl Into<String>) -> Self {
        Self::of([(Part::Path, path.into())])
    }

    /// One of its parts.
    pub fn part(&self, part: Part) -> Option<&str> {
        self.0.get(&part).map(String::as_str)
    }

    /// Its path, if it has one.
    pub fn path(&self) -> Option<&Path> {
        self.part(Part::Path).map(Path::new)
    }

    /// The parts that it has.
    pub fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        self.0.iter().map(|(part, value)| (*part, value.as_str()))
    }

    /// Its parts as the options of `resource add`, as in `--path /srv --kind LUSTRE`.
    pub fn options(&self) -> String {
        self.parts().map(|(part, value)| format!("{} {value}", part.option())).collect::<Vec<_>>().join(" ")
    }

    /// This with one more part, where there is one to add.
    pub fn with(mut self, part: Part, value: Option<&str>) -> Self {
        self.0.extend(value.map(|value| (part, value.to_owned())));
        self
    }

    /// Its parts with their names, as in "path /srv" or "url https://db, database main".
    pub fn described(&self) -> String {
        let named = self.parts().map(|(part, value)| format!("{} {value}", part.name().to_ascii_lowercase()));
        named.collect::<Vec<_>>().join(", ")
    }
}

impl std::fmt::Display for Location {
    /// A path alone as it is, else every part with its name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.part(Part::Path), self.0.len()) {
            (Some(path), 1) => f.pad(path),
            _ => f.pad(&self.described()),
        }
    }
}

impl LocationForm {
    /// A form with a path alone.
    pub const PATH: Self = Self { needs: &[Part::Path], may: &[], secret: false };

    /// A folder, and how it is held still while it is read.
    pub const FOLDER: Self = Self { needs: &[Part::Path], may: &[Part::Snapshot], secret: false };

    /// Whether a part is one of it.
    pub fn takes(&self, part: Part) -> bool {
        self.needs.contains(&part) || self.may.contains(&part)
    }

    /// Whether its secret is an access key, which services with an AWS protocol ask for, and not one text.
    pub fn asks_access_key(&self) -> bool {
        self.secret && self.needs.contains(&Part::Endpoint)
    }

    /// Whether a location has it.
    pub(super) fn fits(&self, location: &Location, has_secret: bool) -> bool {
        self.needs.iter().all(|part| location.part(*part).is_some())
            && location.parts().all(|(part, _)| self.takes(part))
            && (self.secret || !has_secret)
    }
}

impl std::fmt::Display for LocationForm {
    /// As the options of `resource add`: `--url [--path] [--secret-file]`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let needs = self.needs.iter().map(|part| part.option());
        let may = self.may.iter().map(|part| format!("[{}]", part.option()));
        let secret = self.secret.then(|| "[--secret-file]".to_owned());
        f.write_str(&needs.chain(may).chain(secret).collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::{TYPES, TypeFacts, efs};

    const SERVER: TypeFacts = TypeFacts {
        locations: &[LocationForm::PATH, LocationForm { needs: &[Part::Url], may: &[Part::Database], secret: true }],
        ..TypeFacts::named("Server")
    };

    fn location(parts: &[(Part, &str)]) -> Location {
        Location::of(parts.iter().map(|(part, value)| (*part, (*value).to_owned())))
    }

    #[test]
    fn a_location_has_one_of_the_types_forms() {
        assert_eq!(SERVER.check_location(&Location::at_path("/srv"), false), Ok(()));
        assert_eq!(SERVER.check_location(&location(&[(Part::Url, "http://x")]), true), Ok(()));
        assert_eq!(SERVER.check_location(&location(&[(Part::Url, "http://x"), (Part::Database, "d")]), false), Ok(()));
        for (parts, secret, told) in [
            (&[][..], false, "given is nothing"),
            (&[(Part::Path, "/srv")][..], true, "given is path /srv with a secret"),
            (&[(Part::Path, "/srv"), (Part::Url, "u")][..], false, "given is path /srv, url u"),
            (&[(Part::Database, "d")][..], false, "given is database d"),
        ] {
            let refused = SERVER.check_location(&location(parts), secret).unwrap_err().message;
            assert_eq!(
                refused,
                format!("Invalid Location: Server takes --path, or --url [--database] [--secret-file]; {told}")
            );
        }
        let refused = efs::FACTS.check_location(&Location::at_path("a\0b"), false).unwrap_err();
        assert_eq!(refused.field, "Path");
    }

    #[test]
    fn it_is_written_with_the_names_of_its_parts() {
        let two = location(&[(Part::Database, "d"), (Part::Url, "http://x")]);
        assert_eq!(serde_json::to_string(&two).unwrap(), r#"{"Url":"http://x","Database":"d"}"#);
        assert_eq!(two.to_string(), "url http://x, database d");
        assert_eq!(Location::at_path("/srv").to_string(), "/srv");
        for part in Part::ALL {
            assert_eq!(serde_json::to_value(part).unwrap(), part.name());
        }
    }

    #[test]
    fn no_form_of_a_type_names_a_part_twice() {
        for form in TYPES.iter().flat_map(|facts| facts.locations) {
            let parts: Vec<Part> = form.needs.iter().chain(form.may).copied().collect();
            assert!(parts.iter().all(|part| parts.iter().filter(|other| *other == part).count() == 1));
        }
    }
}
