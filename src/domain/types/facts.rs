//! What is known of one type of resource, wherever it is backed up: by AWS or by an engine.

use crate::domain::types::keys::{
    KeyFact, Metadata, PATH_KEY, check_size, field_of, is_marker, parse_bool, refused, value,
};
use crate::domain::types::location::{Location, LocationForm, Part};
use crate::domain::{Arn, Invalid, Scope, Time};

/// The facts of a type. One static of it per type; what most types share is in [`TypeFacts::named`].
pub struct TypeFacts {
    /// The string of the API: what the type is called everywhere.
    pub name: &'static str,
    /// The forms of its resources' ARNs. Where two types share a form, the first of them in
    /// [`TYPES`](crate::domain::types::TYPES) is taken.
    pub arns: &'static [ArnForm],
    /// Whether its ARNs name neither region nor account, since no two resources of the type have one name anywhere.
    pub is_global: bool,
    /// The id of a new recovery point of a resource, made at a time, with a text that no other has; none where that text is all.
    pub point_id: Option<fn(resource: &Arn, at: Time, unique: &str) -> String>,
    /// The same of a continuous one; none where it says that it is one.
    pub continuous_point_id: Option<fn(resource: &Arn, unique: &str) -> String>,
    /// What CloudFormation calls its resources in a stack; nothing where it knows none, or where another type has the same.
    pub stack_types: &'static [&'static str],
    /// Whether one of its resources is made of others: a backup of it is a parent job, and makes a composite recovery point.
    pub is_composite: bool,
    /// What one of its resources is called in a sentence: "a new file system".
    pub noun: &'static str,
    /// What the tagging API calls its resources; none where it does not know them, or where another type has the same.
    pub tagged_as: &'static [&'static str],
    /// The forms in which its locations are given to an engine; none where no engine backs it up yet.
    pub locations: &'static [LocationForm],
    /// What parts of its locations look like, for whoever fills a form.
    pub looks: &'static [(Part, &'static str)],
    /// The values of parts of its locations, where there are but a few.
    pub choices: &'static [(Part, &'static [&'static str])],
    /// The keys of a restore's metadata.
    pub restore_keys: &'static [KeyFact],
    /// The types as which its recovery points can be restored too, when StartRestoreJob asks for them.
    pub also_restored_as: &'static [&'static str],
    /// The key of a restore's metadata that names what is restored into; none for a type whose restores go into folders, or say
    /// it otherwise.
    pub target_key: Option<&'static str>,
    /// How a restore's metadata says into what it goes; none where each restore makes a new resource.
    pub into: Option<Into>,
    /// The options of a backup; each can be `enabled` or `disabled`.
    pub backup_options: &'static [&'static str],
    /// Whether a running backup job of it can be stopped.
    pub can_stop: bool,
    /// Whether AWS Backup manages its recovery points in full: keys, encryption and storage are the vault's, and a backup can be
    /// written into a logically air-gapped vault at once.
    pub is_fully_managed: bool,
    /// Whether its recovery points can move to cold storage.
    pub can_go_cold: bool,
    /// Whether they do so only where their lifecycle opts in to it (`OptInToArchiveForSupportedResources`).
    pub is_archived: bool,
    /// Whether it can be backed up continuously, and restored to any second.
    pub can_be_continuous: bool,
    /// Whether full management can be chosen for it (`ResourceTypeManagementPreference`).
    pub has_management_preference: bool,
    /// Whether a recovery point is a tree of files that can be listed, and restored in part by `ItemsToRestore`.
    pub is_tree: bool,
    /// Whether only an engine lists files in it, and restores some by `ItemsToRestore`: AWS has another way to them, or none.
    pub is_tree_on_engine: bool,
    /// The rules of a restore's metadata that [`Self::restore_keys`] cannot tell. The keys have been checked before.
    pub check_restore: fn(&Metadata) -> Result<(), Invalid>,
    /// Why a restore with this metadata cannot give the source's tags to what it makes: "… is possible only for …".
    pub refuses_tags: fn(&Metadata) -> Option<&'static str>,
    /// What is there after a restore of something (such as "everything"), as a sentence; none for "a new resource".
    pub outcome: Option<fn(&Metadata, what: &str) -> String>,
}

/// How a restore's metadata says whether a new resource is made, or the one that was backed up is written into.
pub struct Into {
    /// The key that is `true` for a new resource and `false` for the one that was backed up.
    pub new: &'static str,
    /// What a restore into the resource that was backed up does to it, as a sentence.
    pub warning: &'static str,
    /// What makes one new resource only.
    pub once: Option<Once>,
}

/// A key of a restore's metadata whose text makes one new resource only.
pub struct Once {
    /// The key.
    pub key: &'static str,
    /// What the service calls it in a sentence.
    pub words: &'static str,
    /// The service's name of the error when the text comes again.
    pub error: &'static str,
}

/// One form of ARNs.
pub struct ArnForm {
    /// The service.
    pub service: &'static str,
    /// All behind the account; a `*` stands for one or more characters other than a slash.
    pub resource: &'static str,
}

impl TypeFacts {
    /// A type about which nothing is special: it has no table of keys, and its jobs can be stopped.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            noun: "resource",
            arns: &[],
            is_global: false,
            point_id: None,
            continuous_point_id: None,
            tagged_as: &[],
            stack_types: &[],
            is_composite: false,
            locations: &[],
            looks: &[],
            choices: &[],
            restore_keys: &[],
            also_restored_as: &[],
            target_key: None,
            into: None,
            backup_options: &[],
            can_stop: true,
            is_fully_managed: false,
            can_go_cold: false,
            is_archived: false,
            can_be_continuous: false,
            has_management_preference: false,
            is_tree: false,
            is_tree_on_engine: false,
            check_restore: |_| Ok(()),
            refuses_tags: |_| None,
            outcome: None,
        }
    }

    /// The ARN of a resource with this id: its parts, divided by slashes, stand for the stars of the first form that has as many.
    /// An error where that makes no ARN.
    pub fn arn(&self, scope: &Scope, id: &str) -> Result<Arn, Invalid> {
        let has_form = |form: &&ArnForm| form.resource.matches('*').count() == id.split('/').count();
        let Some(ArnForm { service, resource }) = self.arns.iter().find(has_form) else {
            return Err(Invalid::value("ResourceType", format_args!("{} has no form of ARNs for {id}", self.name)));
        };
        let resource = id.split('/').fold((*resource).to_owned(), |form, part| form.replacen('*', part, 1));
        if self.is_global {
            return format!("arn:aws:{service}:::{resource}").parse();
        }
        format!("arn:aws:{service}:{}:{}:{resource}", scope.region, scope.account).parse()
    }

    /// What a part of its locations looks like.
    pub fn look_of(&self, part: Part) -> &'static str {
        self.looks.iter().find(|(of, _)| *of == part).map_or(part.look(), |(_, look)| look)
    }

    /// The values that a part of its locations can have; empty where any text may be one.
    pub fn choices_of(&self, part: Part) -> &'static [&'static str] {
        self.choices.iter().find(|(of, _)| *of == part).map_or(&[], |(_, choices)| choices)
    }

    /// Whether a restore can be told a folder of the engine's machine.
    pub fn restores_into_folders(&self) -> bool {
        self.restore_key(PATH_KEY).is_some()
    }

    /// What makes a restore's metadata one into a new resource at this place: a folder of the engine's machine, or a name. None
    /// for a type that has neither.
    pub fn into_place<'a>(&self, place: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
        // Of a type that takes both, a name is no absolute path.
        let named = self.target_key.filter(|_| !self.restores_into_folders() || !place.starts_with('/'));
        let key = named.or_else(|| self.restores_into_folders().then_some(PATH_KEY))?;
        Some(self.into.iter().map(|into| (into.new, "true")).chain([(key, place)]).collect())
    }

    /// What makes a restore's metadata one into the resource that was backed up; none where each makes a new one.
    pub fn into_source<'a>(&self, resource: &'a Arn) -> Option<Vec<(&'static str, &'a str)>> {
        let into = self.into.as_ref()?;
        Some([(into.new, "false")].into_iter().chain(self.target_key.map(|key| (key, resource.resource()))).collect())
    }

    /// What a restore with this metadata does to what is there already; none when it says that it makes a new one.
    pub fn warns_of(&self, metadata: &Metadata) -> Option<&'static str> {
        let into = self.into.as_ref()?;
        (value(metadata, into.new).and_then(parse_bool) != Some(true)).then_some(into.warning)
    }

    /// The text that lets a restore with this metadata make one new resource only.
    pub fn once<'a>(&self, metadata: &'a Metadata) -> Option<(&Once, &'a str)> {
        let into = self.into.as_ref()?;
        let once = into.once.as_ref()?;
        let makes_new = value(metadata, into.new).and_then(parse_bool) == Some(true);
        Some((once, value(metadata, once.key).filter(|_| makes_new)?))
    }

    /// The key of a restore's metadata with this name, whatever its case.
    pub fn restore_key(&self, name: &str) -> Option<&'static KeyFact> {
        self.restore_keys.iter().find(|key| key.name.eq_ignore_ascii_case(name))
    }
}

impl TypeFacts {
    /// Checks metadata against the table: required keys are there, and values have their kind. Keys that the table does not
    /// have pass here, since AWS hands out some that no documentation names: [`Self::unknown_keys`] finds them.
    pub fn check_keys(&self, metadata: &Metadata) -> Result<(), Invalid> {
        check_size(metadata)?;
        for (name, value) in metadata {
            if let Some(key) = self.restore_key(name) {
                key.check(value)?;
            }
        }
        match self.restore_keys.iter().find(|key| key.is_missing(metadata)) {
            None => Ok(()),
            Some(key) => Err(Invalid {
                message: format!("Metadata key {} is required for a restore of {}", key.name, self.name),
                ..Invalid::missing(field_of(key.name))
            }),
        }
    }

    /// The keys that a restore of this type does not have; none for a type without a table.
    pub fn unknown_keys<'a>(&self, metadata: &'a Metadata) -> Vec<&'a str> {
        let known = |name: &str| is_marker(name) || self.restore_key(name).is_some();
        metadata.keys().map(String::as_str).filter(|name| !self.restore_keys.is_empty() && !known(name)).collect()
    }

    /// Refuses keys that a restore of this type does not have, by name.
    pub fn refuse_unknown_keys(&self, metadata: &Metadata) -> Result<(), Invalid> {
        match self.unknown_keys(metadata).first() {
            None => Ok(()),
            Some(name) => Err(refused(name, format_args!("a restore of {} has no key {name:?}", self.name))),
        }
    }
}

impl TypeFacts {
    /// Refuses a location that has none of the type's forms, with those that it has.
    pub fn check_location(&self, location: &Location, has_secret: bool) -> Result<(), Invalid> {
        if let Some((part, value)) = location.parts().find(|(_, value)| value.is_empty() || value.contains('\0')) {
            return Err(Invalid::value(part.name(), format_args!("must not be empty nor hold a NUL, it is {value:?}")));
        }
        if self.locations.iter().any(|form| form.fits(location, has_secret)) {
            return Ok(());
        }
        let forms = self.locations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", or ");
        let secret = if has_secret { " with a secret" } else { "" };
        let given = if location.parts().next().is_none() { "nothing".to_owned() } else { location.described() };
        Err(Invalid::value("Location", format_args!("{} takes {forms}; given is {given}{secret}", self.name)))
    }
}

/// For types whose restores never copy tags.
pub(super) fn never(_: &Metadata) -> Option<&'static str> {
    Some("is not possible for resources of this type")
}

impl ArnForm {
    /// Whether `arn` has this form.
    pub fn fits(&self, arn: &Arn) -> bool {
        arn.service() == self.service && fits(self.resource, arn.resource())
    }
}

fn fits(form: &str, text: &str) -> bool {
    let Some((before, after)) = form.split_once('*') else { return form == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    let longest = rest.find('/').unwrap_or(rest.len());
    let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= longest);
    ends.into_iter().any(|end| fits(after, &rest[end..]))
}

impl std::fmt::Debug for TypeFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_id_stand_for_the_stars_of_a_form() {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let forms = &[
            ArnForm { service: "fsx", resource: "file-system/*" },
            ArnForm { service: "fsx", resource: "volume/*/*" },
        ];
        let facts = TypeFacts { arns: forms, ..TypeFacts::named("FSx") };
        let arn = |id| facts.arn(&scope, id).map(|arn| arn.to_string());
        assert_eq!(arn("fs-1").unwrap(), "arn:aws:fsx:us-east-1:123456789012:file-system/fs-1");
        assert_eq!(arn("fs-1/fsvol-2").unwrap(), "arn:aws:fsx:us-east-1:123456789012:volume/fs-1/fsvol-2");
        assert!(arn("a/b/c").unwrap_err().message.contains("no form of ARNs for a/b/c"));
    }

    #[test]
    fn a_star_is_one_part_of_an_arn() {
        let table = [
            ("file-system/*", "file-system/fs-1", true),
            ("file-system/*", "file-system/", false),
            ("file-system/*", "file-system/fs-1/x", false),
            ("gateway/*/volume/*", "gateway/sgw-1/volume/vol-1", true),
            ("gateway/*/volume/*", "gateway/sgw-1", false),
            ("cluster:*", "cluster:main", true),
            ("cluster:*", "cluster-snapshot:main", false),
            ("*", "bucket", true),
            ("*", "bucket/key", false),
            ("*", "é", true),
        ];
        for (form, text, expected) in table {
            assert_eq!(fits(form, text), expected, "{form} {text}");
        }
    }
}
