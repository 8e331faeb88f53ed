//! Themes: a style for each role a text can play. `themes/*.toml` are built in; a file of the user's may be named too.

mod depth;
mod themes;

pub use depth::Depth;
pub use themes::Themes;

use crate::tui::mistake::Mistake;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// The themes that are built in: what the help and the errors name, and all that knows of them.
const BUILT_IN: &[(&str, &str)] = &[
    ("default", include_str!("../../themes/default.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("deuteranopia", include_str!("../../themes/deuteranopia.toml")),
    ("tritanopia", include_str!("../../themes/tritanopia.toml")),
    ("nord", include_str!("../../themes/nord.toml")),
    ("gruvbox", include_str!("../../themes/gruvbox.toml")),
];

/// What a role can have beside its colours.
const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
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
    about: String,
}

/// A theme that cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ThemeError {
    /// Neither built in nor a file.
    #[error("there is no theme {name:?}: choose {names}; a .toml file is named at the start, by --theme or the config")]
    Unknown {
        /// What was named.
        name: String,
        /// What can be.
        names: String,
    },
    /// The file cannot be read.
    #[error("the theme {0} cannot be read: {1}")]
    Unreadable(String, String),
    /// The file does not say what a theme must.
    #[error("the theme is not valid: {0}:{1}")]
    Invalid(String, Mistake),
}

/// A theme file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What it is for, in a few words.
    #[serde(default)]
    about: String,
    /// What it paints under everything; the terminal's own background where it names none.
    background: Option<Spanned<String>>,
    roles: BTreeMap<Spanned<String>, Entry>,
}

/// One role in a theme file.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Entry {
    fg: Option<Spanned<String>>,
    bg: Option<Spanned<String>>,
    #[serde(default)]
    modifiers: Vec<Spanned<String>>,
}

impl Theme {
    /// The names of the built-in themes, as a sentence lists them: `default, light or mono`.
    pub fn names(last: &str) -> String {
        sentence(BUILT_IN.iter().map(|(name, _)| *name), last)
    }

    /// A built-in theme.
    pub fn load(name: &str) -> Result<Self, ThemeError> {
        let built_in = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
        let (_, text) =
            built_in.ok_or_else(|| ThemeError::Unknown { name: name.to_owned(), names: Self::names(" or ") })?;
        let base = if name == "default" { vec![Style::new(); Role::ALL.len()] } else { Self::base() };
        Self::parse(name, text, base).map_err(|mistake| ThemeError::Invalid(name.to_owned(), mistake))
    }

    /// The default theme's styles: those of the roles that another theme leaves out.
    fn base() -> Vec<Style> {
        Self::load("default").map_or_else(|_| vec![Style::new(); Role::ALL.len()], |default| default.styles)
    }

    /// Reads a theme; roles that it leaves out look as in `base`.
    fn parse(name: &str, text: &str, base: Vec<Style>) -> Result<Self, Mistake> {
        let file: File = toml::from_str(text).map_err(|error| Mistake::of_toml(text, &error))?;
        let wrong = |(at, what)| Mistake::at(text, at, what);
        let mut styles = base;
        for (role, entry) in &file.roles {
            let index = Role::ALL.iter().position(|(_, known)| *known == role.get_ref());
            let names = || sentence(Role::ALL.iter().map(|(_, name)| *name), " and ");
            let unknown =
                || (role.span().start, format!("there is no role {:?}; there are {}", role.get_ref(), names()));
            styles[index.ok_or_else(unknown).map_err(wrong)?] = entry.style().map_err(wrong)?;
        }
        if let Some(background) = &file.background {
            let ground = color(background).map_err(wrong)?;
            let ink = styles[Role::Text as usize].fg.ok_or_else(|| {
                let at = background.span().start;
                Mistake::at(text, at, "a theme with a background needs a colour for its text: text = { fg = … }")
            })?;
            for style in &mut styles {
                (style.fg, style.bg) = (style.fg.or(Some(ink)), style.bg.or(Some(ground)));
            }
        }
        Ok(Self { styles, name: name.to_owned(), about: file.about })
    }

    /// The theme in the colours that a terminal has; the default one where those are too few.
    fn shown(self, depth: Depth) -> Result<Self, ThemeError> {
        let styles: Option<Vec<Style>> = self.styles.iter().map(|style| depth.style(*style)).collect();
        match styles {
            Some(styles) => Ok(Self { styles, ..self }),
            None => Self::load("default"),
        }
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

/// A mistake, with the byte at which it stands.
type Wrong = (usize, String);

impl Entry {
    fn style(&self) -> Result<Style, Wrong> {
        let mut style = Style::new();
        style.fg = self.fg.as_ref().map(color).transpose()?;
        style.bg = self.bg.as_ref().map(color).transpose()?;
        for modifier in &self.modifiers {
            let known = MODIFIERS.iter().find(|(name, _)| name == modifier.get_ref());
            let (_, known) = known.ok_or_else(|| {
                let names = sentence(MODIFIERS.iter().map(|(name, _)| *name), " and ");
                (modifier.span().start, format!("there is no modifier {:?}; there are {names}", modifier.get_ref()))
            })?;
            style = style.add_modifier(*known);
        }
        Ok(style)
    }
}

fn color(text: &Spanned<String>) -> Result<Color, Wrong> {
    text.get_ref().parse().map_err(|_| {
        let choices = "\"#rrggbb\", a number up to 255, or a name such as red, light-blue or dark-gray";
        (text.span().start, format!("{:?} is not a colour: {choices}", text.get_ref()))
    })
}

/// Names as a sentence lists them.
fn sentence<'a>(names: impl Iterator<Item = &'a str>, last: &str) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        Some((end, [])) => (*end).to_owned(),
        Some((end, rest)) => format!("{}{last}{end}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod contrast_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_names_every_role() {
        for (name, text) in BUILT_IN {
            Theme::load(name).unwrap();
            let file: File = toml::from_str(text).unwrap();
            assert!(!file.about.is_empty(), "{name} does not say what it is for");
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
        let theme = Theme::load("mono").unwrap();
        assert!(Role::ALL.iter().all(|(role, _)| theme.style(*role).fg.is_none() && theme.style(*role).bg.is_none()));
        assert!(theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn a_theme_with_a_background_paints_it_under_every_role() {
        let text = "background = \"#000000\"\n[roles]\ntext = { fg = \"#eeeeee\" }\nselected = { bg = \"#ffff00\" }\n";
        let theme = Theme::parse("mine", text, Theme::base()).unwrap();
        let black = Some(Color::Rgb(0, 0, 0));
        assert_eq!(theme.style(Role::Selected).bg, Some(Color::Rgb(255, 255, 0)));
        for (role, name) in Role::ALL.iter().filter(|(role, _)| *role != Role::Selected) {
            assert_eq!((theme.style(*role).bg, theme.style(*role).fg.is_some()), (black, true), "{name}");
        }
    }

    #[test]
    fn a_wrong_theme_says_where_and_what_could_stand_there() {
        let table = [
            ("[roles]\nnope = {}", "2:1: there is no role \"nope\"; there are text, dim, "),
            ("[roles]\nbad = { fg = \"reddish\" }", "2:14: \"reddish\" is not a colour: \"#rrggbb\", a number"),
            (
                "[roles]\nbad = { modifiers = [\"bold\", \"loud\"] }",
                "2:30: there is no modifier \"loud\"; there are bold,",
            ),
            ("background = \"#000000\"\n[roles]\n", "1:14: a theme with a background needs a colour for its text"),
            ("background = \"dusk\"\n[roles]\n", "1:14: \"dusk\" is not a colour"),
            ("[roles]\nbad = { color = \"red\" }", "2:9: unknown field `color`"),
            ("[roles\n", "1:7: "),
            ("", "1:1: missing field `roles`"),
        ];
        for (text, said) in table {
            let told = Theme::parse("mine", text, Theme::base()).unwrap_err().to_string();
            assert!(told.starts_with(said), "{text}: {told}");
        }
        assert!(Theme::load("nope").unwrap_err().to_string().contains("default, light, mono, high-contrast, "));
    }
}
