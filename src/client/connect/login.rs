//! How one signs in again: what the profile's own settings say.

use crate::client::text::{clean, shell_quote};
use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

/// No file with profiles is longer.
const LONGEST_FILE: u64 = 4 * 1024 * 1024;
/// The profile that is used where none is named.
const DEFAULT: &str = "default";
/// Profiles that take their keys from each other form no longer chain.
const LONGEST_CHAIN: usize = 8;

/// The settings of the profiles of a file.
struct Profiles(BTreeMap<String, BTreeMap<String, String>>);

/// The command that signs in again who uses a profile, or what the environment gives where none is named. None where the keys
/// come from elsewhere than from a sign-in.
pub(super) async fn command(named: Option<&str>) -> Option<String> {
    let in_environment = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    // Keys of the environment come first, unless a profile is named on purpose.
    if named.is_none() && in_environment("AWS_ACCESS_KEY_ID").is_some() {
        return None;
    }
    let name = named.map(str::to_owned).or_else(|| in_environment("AWS_PROFILE")).unwrap_or_else(|| DEFAULT.to_owned());
    let own = || Some(PathBuf::from(in_environment("HOME")?).join(".aws/config"));
    let file = in_environment("AWS_CONFIG_FILE").map(PathBuf::from).or_else(own)?;
    let length = tokio::fs::metadata(&file).await.ok()?.len();
    let text = if length > LONGEST_FILE { return None } else { tokio::fs::read(&file).await.ok()? };
    let profiles = Profiles::of(&String::from_utf8_lossy(&text));
    let profile = profiles.signed_in_by(&name)?;
    // The `aws` command reads the same variable.
    let is_usual = profile == name && named.is_none();
    let option = if is_usual { String::new() } else { format!(" --profile {}", shell_quote(&clean(profile))) };
    Some(format!("aws sso login{option}"))
}

impl Profiles {
    /// Reads a file as the SDKs do, as far as signing in is concerned: sections, and `name = value` below them.
    fn of(text: &str) -> Self {
        let mut profiles: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut section: Option<String> = None;
        for line in text.lines() {
            // What is further in belongs to the setting above.
            if line.trim().is_empty() || line.starts_with(['#', ';', ' ', '\t']) {
                continue;
            }
            if let Some(head) = line.strip_prefix('[') {
                let head = head.split(']').next().unwrap_or_default();
                let mut words = head.split_whitespace();
                section = match (words.next(), words.next()) {
                    (Some("profile"), Some(name)) => Some(name.trim_matches('"').to_owned()),
                    (Some(DEFAULT), None) => Some(DEFAULT.to_owned()),
                    _ => None,
                };
            } else if let (Some(section), Some((name, value))) = (&section, line.split_once('=')) {
                let settings = profiles.entry(section.clone()).or_default();
                settings.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        Self(profiles)
    }

    /// The profile whose sign-in a profile's keys come from: its own, or that of the one on which it builds.
    fn signed_in_by<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut name = name;
        for _ in 0..LONGEST_CHAIN {
            let settings = self.0.get(name)?;
            if settings.contains_key("sso_session") || settings.contains_key("sso_start_url") {
                return Some(name);
            }
            name = settings.get("source_profile")?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\n[default]\nregion = us-east-1\n\n[profile sso]\nsso_session = corporate\n sso_start_url = x\n\
        [sso-session corporate]\nsso_start_url = https://corporate.example.com/start\n[profile old]\nSSO_START_URL=https://o\n\
        [profile \"admin\"]\nrole_arn = arn:aws:iam::1:role/admin\nsource_profile = sso\n[profile keys]\naws_access_key_id = A\n\
        [profile a]\nsource_profile = b\n[profile b]\nsource_profile = a\n[profile nested]\ns3 =\n  sso_session = no\n\
        [broken\n= x\nno setting\n";

    #[test]
    fn the_profile_that_is_signed_in_is_found_along_the_chain() {
        let profiles = Profiles::of(FILE);
        for (name, found) in [
            ("sso", Some("sso")),
            ("old", Some("old")),
            ("admin", Some("sso")),
            ("keys", None),
            ("default", None),
            ("a", None),
            ("nested", None),
            ("corporate", None),
            ("there-is-none", None),
        ] {
            assert_eq!(profiles.signed_in_by(name), found, "{name}");
        }
    }
}
