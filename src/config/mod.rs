//! The config file as plain structs. Who needs a value is given it; nothing but the command line reads the file.
//!
//! ```toml
//! theme = "default"
//! member_role = "OrganizationAccountAccessRole"   # assumed in member accounts
//! restore_roots = ["/srv/restored"]               # where restores over TCP may write
//!
//! [dashboard]
//! bell = true                                     # rings for each new finding while it runs
//! osc9 = true                                     # the same as a note on the desktop, where the terminal knows OSC 9
//! mouse = false                                   # clicks and the wheel stay the terminal's
//!
//! [contexts.prod]
//! profile = "prod"
//! regions = ["eu-central-1", "us-east-1"]
//! write = false
//!
//! [contexts.bastion]
//! endpoint_url = "https://bastion:9860"
//!
//! [regions.office-berlin-1]                       # a region that AWS does not have
//! cold = "/mnt/archive"                           # where its vaults keep what goes to cold storage
//!
//! [keys]                                          # the root of the key ring of an engine here
//! root = "kms"                                    # or "file", "passphrase" [default: what the data directory has]
//! kms_key = "arn:aws:kms:eu-central-1:123456789012:alias/backup"
//! kms_profile = "prod"                            # whose keys [default: what the environment gives]
//!
//! [notifications.topics]
//! sns = "https://sns.eu-central-1.amazonaws.com"  # where the topics of vaults' notifications are; "aws" for AWS's own
//! profile = "prod"                                # whose keys [default: what the environment gives]
//!
//! [notifications.oncall]
//! webhook = "https://example.com/hook"            # each event is POSTed there as JSON
//! state = ["FAILED", "EXPIRED"]
//!
//! [notifications.night]
//! webhook = "https://example.com/night"
//! detail_type = ["Finding"]                       # what `vaultdeck findings` lists, each once
//! state = ["CRITICAL"]
//!
//! [notifications.log]
//! command = ["/usr/bin/logger", "-t", "backup"]   # each event is its standard input
//! ```

mod keys;
mod notifications;
mod places;

pub use keys::{Keys, KmsPlace, Root};
pub use notifications::{Notifications, Way};
pub use places::Places;

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::Spanned;

/// All that the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The dashboard's theme.
    pub theme: Option<String>,
    /// The role to assume in member accounts, for contexts that name none.
    pub member_role: Option<String>,
    /// The folders below which a restore that comes over TCP may write.
    pub restore_roots: Vec<PathBuf>,
    /// What the dashboard does beside drawing.
    pub dashboard: Dashboard,
    /// Named contexts.
    pub contexts: BTreeMap<String, Context>,
    /// Regions of which the file has a section: those beyond AWS's that an engine here may have are among them.
    pub regions: BTreeSet<String>,
    /// The root of the key ring.
    pub keys: Keys,
    /// Where notifications go, by name.
    pub notifications: BTreeMap<String, Notifications>,
    /// Where the cold storage of a region's vaults lies, if not in the vaults' folders.
    pub cold: BTreeMap<String, PathBuf>,
}

/// Advice that quotes the file, in backquotes: told elsewhere, kept here, beside the fields that it names.
pub mod advice {
    /// How a context that is only looked at can be changed.
    pub const WRITE: &str = "read-only: start with --write, or set `write = true` for this context in config.toml";
    /// All of it.
    pub const ALL: [&str; 1] = [WRITE];
}

/// What the dashboard does beside drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dashboard {
    /// Whether it rings the terminal's bell for a new finding.
    pub bell: bool,
    /// Whether it lets the terminal note one on the desktop.
    pub osc9: bool,
    /// Whether it takes clicks and the wheel.
    pub mouse: bool,
}

impl Default for Dashboard {
    fn default() -> Self {
        Self { bell: false, osc9: false, mouse: true }
    }
}

/// A place that the dashboard can look at, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The URL of an engine.
    #[serde(default)]
    pub endpoint_url: Option<String>,
    /// The AWS profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// The regions to look at.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Whether it may be changed.
    #[serde(default)]
    pub write: bool,
    /// The role to assume in member accounts.
    #[serde(default)]
    pub member_role: Option<String>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It could not be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// It says something that makes no sense.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// The character in it, from 1 on.
        column: usize,
        /// What is wrong.
        message: String,
    },
}

/// The file as TOML reads it, with the places of what is checked further.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    theme: Option<String>,
    #[serde(default)]
    member_role: Option<String>,
    #[serde(default)]
    restore_roots: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    dashboard: Dashboard,
    #[serde(default)]
    contexts: BTreeMap<String, Spanned<Context>>,
    #[serde(default)]
    regions: BTreeMap<String, RegionOptions>,
    #[serde(default)]
    keys: Option<Spanned<keys::Section>>,
    #[serde(default)]
    notifications: BTreeMap<String, Spanned<notifications::Section>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionOptions {
    #[serde(default)]
    cold: Option<Spanned<PathBuf>>,
}

impl Config {
    /// Reads the file; one that is not there says nothing.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(path, &text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        }
    }

    /// Reads what `path` holds.
    pub fn read(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let wrong = |at: usize, message: String| {
            let before = text.get(..at).unwrap_or(text);
            let begin = before.rfind('\n').map_or(0, |end| end + 1);
            let line = before.matches('\n').count() + 1;
            let column = before[begin..].chars().count() + 1;
            ConfigError::Wrong { path: path.to_owned(), line, column, message }
        };
        let file: File =
            toml::from_str(text).map_err(|e| wrong(e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
        for root in &file.restore_roots {
            if !root.get_ref().is_absolute() {
                return Err(wrong(
                    root.span().start,
                    format!("restore_roots: {} must be an absolute path", root.get_ref().display()),
                ));
            }
        }
        let cold = file.regions.iter().filter_map(|(name, options)| Some((name, options.cold.as_ref()?)));
        for (name, folder) in cold.clone() {
            if !folder.get_ref().is_absolute() {
                let problem = format!("region {name}: cold: {} must be an absolute path", folder.get_ref().display());
                return Err(wrong(folder.span().start, problem));
            }
        }
        let cold = cold.map(|(name, folder)| (name.clone(), folder.get_ref().clone())).collect();
        for (name, context) in &file.contexts {
            if let Some(fault) = context.get_ref().fault() {
                return Err(wrong(context.span().start, format!("context {name}: {fault}")));
            }
        }
        let keys = file.keys.map_or_else(
            || Ok(Keys::default()),
            |section| {
                let at = section.span().start;
                section.into_inner().read().map_err(|rule| wrong(at, format!("keys: {rule}")))
            },
        )?;
        let mut targets: BTreeMap<String, Notifications> = BTreeMap::new();
        for (name, section) in file.notifications {
            let at = section.span().start;
            let target =
                section.into_inner().read().map_err(|rule| wrong(at, format!("notifications {name}: {rule}")))?;
            let is_sns = |target: &Notifications| matches!(target.way, Way::Sns { .. });
            if is_sns(&target) && targets.values().any(is_sns) {
                return Err(wrong(at, format!("notifications {name}: there is one way to SNS already")));
            }
            targets.insert(name, target);
        }
        Ok(Self {
            theme: file.theme,
            member_role: file.member_role,
            restore_roots: file.restore_roots.into_iter().map(Spanned::into_inner).collect(),
            dashboard: file.dashboard,
            contexts: file.contexts.into_iter().map(|(name, context)| (name, context.into_inner())).collect(),
            regions: file.regions.into_keys().collect(),
            keys,
            notifications: targets,
            cold,
        })
    }
}

impl Context {
    fn fault(&self) -> Option<&'static str> {
        let has_scheme = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.endpoint_url.is_none() && self.profile.is_none() {
            Some("names neither endpoint_url nor profile")
        } else if self.endpoint_url.as_ref().is_some_and(|url| !has_scheme(url)) {
            Some("endpoint_url must begin with https:// (or http:// on loopback)")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        Config::read(Path::new("config.toml"), text).map_err(|e| e.to_string())
    }

    #[test]
    fn the_documented_file_is_read() {
        let config = read(
            r#"
            theme = "light"
            member_role = "Backup"
            restore_roots = ["/srv/restored"]
            [dashboard]
            bell = true
            mouse = false
            [contexts.prod]
            profile = "prod"
            regions = ["eu-central-1", "us-east-1"]
            write = true
            [contexts.bastion]
            endpoint_url = "https://bastion:9860"
            [regions.office-berlin-1]
            [regions.us-east-1]
            cold = "/mnt/archive"
            [keys]
            root = "kms"
            kms_key = "arn:aws:kms:eu-central-1:123456789012:alias/backup"
            kms_profile = "prod"
            [notifications.topics]
            sns = "aws"
            profile = "prod"
            [notifications.oncall]
            webhook = "https://example.com/hook"
            state = ["FAILED", "EXPIRED"]
            [notifications.log]
            command = ["/usr/bin/logger", "-t", "backup"]
            "#,
        )
        .unwrap();
        assert!(config.regions.iter().eq(["office-berlin-1", "us-east-1"]));
        assert!(config.cold.iter().eq([(&"us-east-1".to_owned(), &PathBuf::from("/mnt/archive"))]));
        let key = "arn:aws:kms:eu-central-1:123456789012:alias/backup".to_owned();
        assert_eq!(config.keys.root, Some(Root::Kms(key)));
        assert_eq!(config.keys.kms, KmsPlace { endpoint_url: None, profile: Some("prod".to_owned()) });
        assert_eq!(config.dashboard, Dashboard { bell: true, osc9: false, mouse: false });
        assert_eq!(config.theme.as_deref(), Some("light"));
        assert_eq!(config.restore_roots, [PathBuf::from("/srv/restored")]);
        assert_eq!(config.contexts["prod"].regions, ["eu-central-1", "us-east-1"]);
        let way = |name: &str| config.notifications[name].way.clone();
        assert_eq!(way("topics"), Way::Sns { endpoint: "aws".to_owned(), profile: Some("prod".to_owned()) });
        assert_eq!(way("oncall"), Way::Webhook("https://example.com/hook".to_owned()));
        assert_eq!(config.notifications["oncall"].state, ["FAILED", "EXPIRED"]);
        assert!(matches!(way("log"), Way::Command(command) if command.len() == 3));
        assert!(config.contexts["prod"].write && !config.contexts["bastion"].write);
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Config::load(&folder.path().join("config.toml")).unwrap(), Config::default());
        assert!(Config::load(folder.path()).unwrap_err().to_string().contains(folder.path().to_str().unwrap()));
    }

    #[test]
    fn advice_that_is_followed_is_understood() {
        let context = |line: &str| read(&format!("[contexts.prod]\nprofile = \"prod\"\n{line}\n"));
        let before = context("").unwrap();
        for advice in advice::ALL {
            let quoted: Vec<&str> = advice.split('`').skip(1).step_by(2).collect();
            assert!(!quoted.is_empty(), "{advice} quotes nothing");
            for line in quoted {
                let followed = context(line).unwrap_or_else(|e| panic!("{advice}: {e}"));
                assert_ne!(followed, before, "{advice}: nothing changes");
            }
        }
    }

    #[test]
    fn mistakes_are_told_with_their_column_and_what_could_stand_there() {
        let told = |text: &str| read(text).unwrap_err();
        let unknown = told("[contexts.a]\nprofile = \"ü\"\nurl = \"x\"");
        assert!(unknown.starts_with("config.toml:3:1: unknown field `url`, expected one of "), "{unknown}");
        assert!(unknown.contains("`endpoint_url`") && unknown.contains("`profile`"), "{unknown}");
        let kind = told("[dashboard]\nbell = \"ü\" # x");
        assert!(kind.starts_with("config.toml:2:8: ") && kind.contains("expected a boolean"), "{kind}");
        let relative = told("restore_roots = [\"/ü\", \"here\"]");
        assert!(relative.starts_with("config.toml:1:24: "), "characters are counted, and not bytes: {relative}");
    }

    #[test]
    fn mistakes_are_told_with_file_and_line() {
        let table = [
            ("theme = 1", "config.toml:1: ", "string"),
            ("\n\nthemes = \"x\"", "config.toml:3: ", "unknown field `themes`"),
            ("theme = \"x\"\n[contexts.a\n", "config.toml:2: ", ""),
            ("[contexts.a]\nurl = \"x\"", "config.toml:2: ", "unknown field `url`"),
            ("theme = \"x\"\n[contexts.a]\nwrite = true", "config.toml:2: ", "neither endpoint_url nor profile"),
            ("[contexts.a]\nendpoint_url = \"bastion:1\"", "config.toml:1: ", "must begin with https://"),
            ("[dashboard]\nring = true", "config.toml:2: ", "unknown field `ring`"),
            ("[regions.office-1]\nwarm = \"x\"", "config.toml:2: ", "unknown field `warm`"),
            ("[regions.office-1]\ncold = \"x\"", "config.toml:2: ", "cold: x must be an absolute path"),
            ("theme = \"x\"\nrestore_roots = [\"here\"]", "config.toml:2: ", "absolute path"),
            ("[keys]\nroot = \"disk\"", "config.toml:1: ", "\"file\", \"passphrase\" or \"kms\""),
            ("[keys]\nroot = \"kms\"", "config.toml:1: ", "needs kms_key"),
            ("[keys]\nroot = \"kms\"\nkms_key = \"alias/backup\"", "config.toml:1: ", "the ARN of a key"),
            ("[keys]\nkms_key = \"arn:aws:kms:x\"", "config.toml:1: ", "goes with root"),
            ("[keys]\npassphrase_file = \"here\"", "config.toml:1: ", "an absolute path"),
            ("[keys]\nkms_endpoint_url = \"kms:1\"", "config.toml:1: ", "must begin with https://"),
            ("[keys]\npassphrase = \"secret\"", "config.toml:2: ", "unknown field `passphrase`"),
            ("[notifications.a]", "config.toml:1: ", "one of sns, webhook and command"),
            ("[notifications.a]\nsns = \"aws\"\nwebhook = \"https://x\"", "config.toml:1: ", "one of sns, webhook"),
            ("[notifications.a]\nwebhook = \"example.com\"", "config.toml:1: ", "must begin with https://"),
            ("[notifications.a]\nsns = \"sns\"", "config.toml:1: ", "must be \"aws\""),
            ("[notifications.a]\nsns = \"aws\"\nstate = [\"FAILED\"]", "config.toml:1: ", "the vaults' notifications"),
            ("[notifications.a]\ncommand = [\"logger\"]", "config.toml:1: ", "absolute path"),
            ("[notifications.a]\ncommand = []", "config.toml:1: ", "absolute path"),
            (
                "[notifications.a]\nwebhook = \"https://x\"\nprofile = \"p\"",
                "config.toml:1: ",
                "only sns has a profile",
            ),
            (
                "[notifications.a]\nwebhook = \"https://x\"\nvault = [\"v\"]\ndetail_type = [\"Finding\"]",
                "config.toml:1: ",
                "vault takes no findings",
            ),
            ("[notifications.a]\nurl = \"https://x\"", "config.toml:2: ", "unknown field `url`"),
            ("[notifications.a]\nsns = \"aws\"\n[notifications.b]\nsns = \"aws\"", "config.toml:3: ", "already"),
        ];
        for (text, place, what) in table {
            let message = read(text).unwrap_err();
            let place = place.trim_end();
            assert!(message.starts_with(place) && message.contains(what), "{text}: {message}");
        }
    }
}
