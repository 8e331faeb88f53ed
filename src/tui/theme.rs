//! Themes: a style for each role a text can play. `themes/*.toml` are built in; a file of the user's may be named too.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The themes that are built in: what the help and the errors name, and all that knows of them.
const BUILT_IN: &[(&str, &str)] = &[
    ("default", include_str!("../../themes/default.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// Names the roles once: the enum, the names in theme files, and the table of all of them.
macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident = $name:literal),+ $(,)?) => {
        /// What a text is, and so how it looks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Role { $($(#[$doc])* $role),+ }

        impl Role {
            /// Every role with its name in theme files.
            pub const ALL: &[(Self, &'static str)] = &[$((Self::$role, $name)),+];
        }
    };
}
roles! {
    /// Plain text.
    Text = "text",
    /// What matters less.
    Dim = "dim",
    /// What matters more.
    Strong = "strong",
    /// Names that can be opened.
    Accent = "accent",
    /// Headings.
    Title = "title",
    /// Lines and frames.
    Rule = "rule",
    /// The selected row.
    Selected = "selected",
    /// A marked row.
    Marked = "marked",
    /// It is well.
    Good = "good",
    /// It failed.
    Bad = "bad",
    /// It missed its window.
    Expired = "expired",
    /// It was due and never came.
    Missing = "missing",
    /// It needs a look.
    Warning = "warning",
    /// It moves.
    Running = "running",
    /// It waits.
    Pending = "pending",
    /// Old data, since its scope cannot be reached.
    Stale = "stale",
    /// Keys in hints.
    Key = "key",
    /// What cannot be done now.
    Disabled = "disabled",
    /// A field that can be typed into.
    Field = "field",
    /// The part that has the keys.
    Focus = "focus",
    /// What a filter or a search found.
    Match = "match",
}

/// A style for each role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    styles: Vec<Style>,
    name: String,
}

/// A theme that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// Neither built in nor a file.
    #[error("there is no theme {0:?}: choose {names}, or name a .toml file", names = Theme::names(" or "))]
    Unknown(String),
    /// The file cannot be read.
    #[error("the theme {0:?} cannot be read: {1}")]
    Unreadable(String, std::io::Error),
    /// The file does not say what a theme must.
    #[error("the theme {0:?} is not valid: {1}")]
    Invalid(String, String),
}

/// A theme file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    roles: BTreeMap<String, Entry>,
}

/// One role in a theme file.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Entry {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    modifiers: Vec<String>,
}

impl Theme {
    /// The names of the built-in themes, as a sentence lists them: `default, light or mono`.
    pub fn names(last: &str) -> String {
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        match names.split_last() {
            Some((end, [])) => (*end).to_owned(),
            Some((end, rest)) => format!("{}{last}{end}", rest.join(", ")),
            None => String::new(),
        }
    }

    /// The theme that a user named: a built-in one, or a file with the ending `.toml`.
    pub fn load(name: &str) -> Result<Self, ThemeError> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            return Self::parse(name, text);
        }
        if Path::new(name).extension().is_none_or(|extension| extension != "toml") {
            return Err(ThemeError::Unknown(name.to_owned()));
        }
        let text = std::fs::read_to_string(name).map_err(|error| ThemeError::Unreadable(name.to_owned(), error))?;
        Self::parse(name, &text)
    }

    /// The theme that is used when none is named: mono where `NO_COLOR` is set to anything but nothing.
    pub fn preferred(named: Option<&str>, no_color: Option<&str>) -> Result<Self, ThemeError> {
        match (no_color.filter(|value| !value.is_empty()), named) {
            (Some(_), _) => Self::load("mono"),
            (None, name) => Self::load(name.unwrap_or("default")),
        }
    }

    /// Reads a theme; roles that it leaves out look like the default theme's.
    fn parse(name: &str, text: &str) -> Result<Self, ThemeError> {
        let invalid = |message: String| ThemeError::Invalid(name.to_owned(), message);
        let mut styles =
            if name == "default" { vec![Style::new(); Role::ALL.len()] } else { Self::load("default")?.styles };
        let file: File = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        for (role, entry) in file.roles {
            let index = Role::ALL.iter().position(|(_, known)| *known == role);
            let index = index.ok_or_else(|| invalid(format!("there is no role {role:?}")))?;
            styles[index] = entry.style().map_err(|message| invalid(format!("{role}: {message}")))?;
        }
        Ok(Self { styles, name: name.to_owned() })
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Entry {
    fn style(&self) -> Result<Style, String> {
        let mut style = Style::new();
        style.fg = self.fg.as_deref().map(color).transpose()?;
        style.bg = self.bg.as_deref().map(color).transpose()?;
        for modifier in &self.modifiers {
            style = style.add_modifier(match modifier.as_str() {
                "bold" => Modifier::BOLD,
                "dim" => Modifier::DIM,
                "italic" => Modifier::ITALIC,
                "underlined" => Modifier::UNDERLINED,
                "reversed" => Modifier::REVERSED,
                other => return Err(format!("there is no modifier {other:?}")),
            });
        }
        Ok(style)
    }
}

fn color(text: &str) -> Result<Color, String> {
    text.parse().map_err(|_| format!("{text:?} is not a colour"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_names_every_role() {
        for (name, text) in BUILT_IN {
            Theme::load(name).unwrap();
            let file: File = toml::from_str(text).unwrap();
            for (_, role) in Role::ALL {
                assert!(file.roles.contains_key(*role), "{name} lacks {role}");
            }
        }
    }

    #[test]
    fn the_default_theme_uses_the_terminals_own_colours_and_background() {
        let theme = Theme::load("default").unwrap();
        for (role, name) in Role::ALL {
            let style = theme.style(*role);
            assert!(style.bg.is_none(), "{name} paints a background");
            assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_))), "{name} is not one of the sixteen");
        }
    }

    #[test]
    fn mono_has_no_colour_and_a_visible_selection() {
        let theme = Theme::preferred(Some("light"), Some("1")).unwrap();
        assert!(Role::ALL.iter().all(|(role, _)| theme.style(*role).fg.is_none() && theme.style(*role).bg.is_none()));
        assert!(theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn a_wrong_theme_says_what_is_wrong() {
        let wrong = |text| Theme::parse("mine.toml", text).unwrap_err().to_string();
        assert!(wrong("[roles]\nnope = {}").contains("there is no role \"nope\""));
        assert!(wrong("[roles]\nbad = { fg = \"reddish\" }").contains("bad: \"reddish\" is not a colour"));
        assert!(Theme::load("nope").unwrap_err().to_string().contains("default, light or mono"));
    }
}
