//! CloudFormation stacks, of AWS and of every service that speaks its protocol, and folders with a template.

use crate::domain::Invalid;
use crate::domain::types::endpoint::check_endpoint;
use crate::domain::types::facts::{ArnForm, TypeFacts, never};
use crate::domain::types::keys::Kind::{Json, Path, Text};
use crate::domain::types::keys::{Asked, ENDPOINT_KEY, KeyFact, Metadata, PATH_KEY, may, must, refused, value};
use crate::domain::types::location::{LocationForm, Part};
use std::collections::BTreeMap;

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "cloudformation", resource: "stack/*/*" }],
    noun: "stack",
    tagged_as: &["cloudformation:stack"],
    stack_types: &[NESTED],
    is_composite: true,
    locations: &[
        LocationForm { needs: &[Part::Endpoint, Part::Stack], may: &[], secret: true },
        LocationForm { needs: &[Part::Path], may: &[], secret: false },
    ],
    restore_keys: KEYS,
    target_key: Some(STACK_KEY),
    can_go_cold: true,
    check_restore: |metadata| CloudFormationRestore::read(metadata).map(drop),
    refuses_tags: never,
    is_fully_managed: true,
    outcome: Some(outcome),
    ..TypeFacts::named("CloudFormation")
};

/// What a stack calls a stack that is nested in it.
pub const NESTED: &str = "AWS::CloudFormation::Stack";

/// The key that names the stack.
pub const STACK_KEY: &str = "StackName";

/// The key that names the change set.
pub const CHANGE_SET_KEY: &str = "ChangeSetName";

/// The key with the description of the change set.
pub const DESCRIPTION_KEY: &str = "ChangeSetDescription";

/// The key that names the nested stack whose template the change set gets, instead of the outermost one's.
pub const NESTED_KEY: &str = "vaultdeck:nested";

/// The key with the parameters that the change set has beside those that were backed up, or instead of them.
pub const PARAMETERS_KEY: &str = "StackParameters";

const KEYS: &[KeyFact] = &[
    must(STACK_KEY, Text, "the stack: a new one, or one that is there"),
    must(CHANGE_SET_KEY, Text, "the change set to make; nothing changes until somebody executes it"),
    may(DESCRIPTION_KEY, Text, "its description"),
    may(PARAMETERS_KEY, Json, "parameters instead of those that were backed up, as {\"Key\": \"Value\"}"),
    may(
        NESTED_KEY,
        Text,
        "a nested stack, by its logical ids as Inner/Deeper, whose template it is to be; this engine only",
    )
    .asked(Asked::ByEngine)
    .labelled("Nested stack", &[]),
    may(ENDPOINT_KEY, Text, "where the stack lies, if not where the source does; this engine only")
        .asked(Asked::ByEngine)
        .labelled("Endpoint", &[]),
    may(PATH_KEY, Path, "a folder for the template and its parameters, instead of a change set; this engine only")
        .asked(Asked::ByEngine)
        .labelled("Folder", &[]),
];

/// The longest description of a change set.
const LONGEST_DESCRIPTION: usize = 1024;

/// A restore of a stack's template, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudFormationRestore {
    /// The stack's name.
    pub stack: String,
    /// The change set's.
    pub change_set: String,
    /// The change set's description.
    pub description: Option<String>,
    /// Parameters beside those that were backed up, or instead of them.
    pub parameters: BTreeMap<String, String>,
    /// The nested stack whose template it is to be.
    pub nested: Option<String>,
    /// Where the stack lies.
    pub endpoint: Option<String>,
    /// The folder for the files, instead of a change set.
    pub path: Option<String>,
}

impl CloudFormationRestore {
    /// Reads and checks the metadata of a restore of CloudFormation.
    pub fn read(metadata: &Metadata) -> Result<Self, Invalid> {
        FACTS.refuse_unknown_keys(metadata)?;
        FACTS.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let named = |key: &'static str| {
            let name = get(key).unwrap_or_default();
            check_name(name).map_err(|rule| refused(key, format_args!("{key} {rule}"))).map(|()| name.to_owned())
        };
        let description = get(DESCRIPTION_KEY).map(str::to_owned);
        if description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            let rule = format_args!("{DESCRIPTION_KEY} must have at most {LONGEST_DESCRIPTION} characters");
            return Err(refused(DESCRIPTION_KEY, rule));
        }
        let endpoint = get(ENDPOINT_KEY).map(check_endpoint).transpose();
        let endpoint = endpoint.map_err(|rule| refused(ENDPOINT_KEY, format_args!("{ENDPOINT_KEY} {rule}")))?;
        let restore = Self {
            stack: named(STACK_KEY)?,
            change_set: named(CHANGE_SET_KEY)?,
            description,
            parameters: get(PARAMETERS_KEY).map_or(Ok(BTreeMap::new()), parameters)?,
            nested: get(NESTED_KEY).map(nested).transpose()?,
            endpoint,
            path: get(PATH_KEY).map(str::to_owned),
        };
        restore.check_folder()?;
        Ok(restore)
    }

    /// What has a meaning for a change set alone does not go with a folder.
    fn check_folder(&self) -> Result<(), Invalid> {
        if self.path.is_none() {
            return Ok(());
        }
        let given = [
            (DESCRIPTION_KEY, self.description.is_some()),
            (PARAMETERS_KEY, !self.parameters.is_empty()),
            (NESTED_KEY, self.nested.is_some()),
            (ENDPOINT_KEY, self.endpoint.is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((key, _)) => {
                let rule =
                    format_args!("{key} is of a change set, and with {PATH_KEY} the files are written as they were");
                Err(refused(key, rule))
            }
        }
    }
}

/// The logical ids of a nested stack.
fn nested(text: &str) -> Result<String, Invalid> {
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if text.split('/').all(is_id) {
        return Ok(text.to_owned());
    }
    Err(refused(NESTED_KEY, format_args!("{NESTED_KEY} must be logical ids as Inner/Deeper, it is {text:?}")))
}

/// What stands for values that are not told.
const UNTOLD: &str = "(hidden)";

/// The metadata of a restore as it may be told, logged and kept: the values of parameters may be secrets.
pub fn told(metadata: &Metadata) -> Metadata {
    let told = |(key, value): (&String, &String)| {
        let is_secret = key.eq_ignore_ascii_case(PARAMETERS_KEY);
        (key.clone(), if is_secret { UNTOLD.to_owned() } else { value.clone() })
    };
    metadata.iter().map(told).collect()
}

/// Parameters as an object, or as CloudFormation's own list of them.
fn parameters(text: &str) -> Result<BTreeMap<String, String>, Invalid> {
    let wrong = || {
        let rule = "must be an object of texts, as {\"Key\": \"Value\"}, or a list of {\"ParameterKey\": \"Key\", \
                    \"ParameterValue\": \"Value\"}";
        refused(PARAMETERS_KEY, format_args!("{PARAMETERS_KEY} {rule}"))
    };
    if let Ok(object) = serde_json::from_str::<BTreeMap<String, String>>(text) {
        return Ok(object);
    }
    let list = serde_json::from_str::<Vec<BTreeMap<String, String>>>(text).map_err(|_| wrong())?;
    let pair = |mut one: BTreeMap<String, String>| {
        let pair = one.remove("ParameterKey").zip(one.remove("ParameterValue"));
        pair.filter(|_| one.is_empty()).ok_or_else(wrong)
    };
    list.into_iter().map(pair).collect()
}

/// Checks the name of a stack or of a change set: CloudFormation's rule. The error is the rule, as in "must …".
pub fn check_name(name: &str) -> Result<(), String> {
    let fits = name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits {
        return Ok(());
    }
    Err(format!("must begin with a letter and have at most 128 letters, digits and hyphens; it is {name:?}"))
}

/// What is there after a restore.
fn outcome(metadata: &Metadata, _: &str) -> String {
    let get = |key: &str| value(metadata, key).unwrap_or_default();
    match value(metadata, PATH_KEY).filter(|path| !path.is_empty()) {
        Some(path) => format!("The template and its parameters lie in {path}."),
        None => format!(
            "A change set {} of stack {} waits for its review; nothing changes until somebody executes it.",
            get(CHANGE_SET_KEY),
            get(STACK_KEY)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::keys::key_of;

    fn read(pairs: &[(&str, &str)]) -> Result<CloudFormationRestore, Invalid> {
        let given = [("StackName", "shop"), ("ChangeSetName", "back")].iter().chain(pairs);
        CloudFormationRestore::read(&given.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_restore_names_a_stack_and_a_change_set() {
        let plain = read(&[]).unwrap();
        assert_eq!((plain.stack.as_str(), plain.change_set.as_str()), ("shop", "back"));
        assert_eq!((plain.description, plain.endpoint, plain.path), (None, None, None));
        let expected: BTreeMap<String, String> = [("Size".to_owned(), "3".to_owned())].into();
        for given in [r#"{"Size": "3"}"#, r#"[{"ParameterKey": "Size", "ParameterValue": "3"}]"#] {
            assert_eq!(read(&[("StackParameters", given)]).unwrap().parameters, expected);
        }
        let elsewhere = read(&[("vaultdeck:endpoint", "http://H:1/")]).unwrap();
        assert_eq!(elsewhere.endpoint.as_deref(), Some("http://h:1"));
    }

    #[test]
    fn the_values_of_parameters_are_not_told() {
        let given = [("stackparameters", r#"{"Password": "hunter2"}"#), ("StackName", "shop")];
        let told = told(&given.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        let expected = [("stackparameters", "(hidden)"), ("StackName", "shop")];
        assert_eq!(told, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn what_is_wrong_is_refused_at_its_key() {
        let long = "x".repeat(1025);
        for (key, value) in [
            ("StackName", "1shop"),
            ("StackName", "a/b"),
            ("ChangeSetName", ""),
            ("ChangeSetName", "a b"),
            ("ChangeSetDescription", long.as_str()),
            ("StackParameters", "size"),
            ("StackParameters", r#"{"Size": 3}"#),
            ("StackParameters", r#"[{"ParameterKey": "Size"}]"#),
            ("StackParameters", r#"[{"ParameterKey": "Size", "ParameterValue": "3", "More": "x"}]"#),
            ("vaultdeck:nested", "../x"),
            ("vaultdeck:endpoint", "ftp://h"),
            ("vaultdeck:path", "relative"),
            ("Nonsense", "x"),
        ] {
            let refused = read(&[(key, value)]).unwrap_err();
            assert_eq!(key_of(&refused), Some(key), "{refused}");
        }
        for of_change_set in [
            ("ChangeSetDescription", "x"),
            ("StackParameters", r#"{"a": "b"}"#),
            ("vaultdeck:nested", "Inner"),
            ("vaultdeck:endpoint", "http://h"),
        ] {
            let refused = read(&[("vaultdeck:path", "/srv/x"), of_change_set]).unwrap_err();
            assert_eq!(key_of(&refused), Some(of_change_set.0), "{refused}");
        }
    }
}
