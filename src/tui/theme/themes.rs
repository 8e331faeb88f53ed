//! The themes that can be chosen on this terminal: those that are built in, and the user's own.

use super::{BUILT_IN, Depth, Theme, ThemeError};
use crate::tui::mistake::read_text;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A theme of one's own is no longer than this.
const LONGEST: u64 = 64 * 1024;
/// No more of them are looked at.
const MOST: usize = 100;

/// All of them. The user's own were read when the dashboard started: a theme that is chosen later asks no disk.
#[derive(Debug)]
pub struct Themes {
    depth: Depth,
    own: Vec<(String, Result<Theme, ThemeError>)>,
}

impl Themes {
    /// Those that are built in, for a terminal with so many colours.
    pub fn built_in(depth: Depth) -> Self {
        Self { depth, own: Vec::new() }
    }

    /// With the files `NAME.toml` of a folder; one of the name of a theme that is built in goes before it.
    pub fn with_own(mut self, folder: &Path) -> Self {
        let Ok(entries) = std::fs::read_dir(folder) else { return self };
        let is_theme = |path: &PathBuf| path.extension() == Some(OsStr::new("toml"));
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_theme).collect();
        paths.sort();
        paths.truncate(MOST);
        self.own = paths.iter().filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), read(path)))).collect();
        self
    }

    /// Their names, those that are built in first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        let is_new = |name: &&str| BUILT_IN.iter().all(|(built_in, _)| built_in != name);
        built_in.chain(self.own.iter().map(|(name, _)| name.as_str()).filter(is_new))
    }

    /// What a theme says of itself; of one that cannot be used, why.
    pub fn about(&self, name: &str) -> String {
        match self.find(name) {
            Ok(theme) => theme.about.clone(),
            Err(error) => error.to_string(),
        }
    }

    /// The theme of a name, as this terminal can show it: mono where no colour is wanted, and the default one where it has
    /// too few colours; the theme's own name tells which it is. No file is read.
    pub fn choose(&self, name: &str) -> Result<Theme, ThemeError> {
        self.shown(self.find(name)?)
    }

    /// The theme to begin with: one of a name, or a file that is named with its ending, which is read.
    pub fn begin(&self, name: &str) -> Result<Theme, ThemeError> {
        let is_own = self.own.iter().any(|(own, _)| own == name);
        if !is_own && Path::new(name).extension() == Some(OsStr::new("toml")) {
            return self.shown(read(Path::new(name))?);
        }
        self.choose(name)
    }

    fn shown(&self, theme: Theme) -> Result<Theme, ThemeError> {
        match self.depth {
            Depth::Plain => Theme::load("mono"),
            depth => theme.shown(depth),
        }
    }

    /// Why another theme than the named one is shown; none where it is the one.
    pub fn instead(&self, name: &str, shown: &Theme) -> Option<String> {
        let why = match self.depth {
            Depth::Plain => "NO_COLOR is set",
            Depth::Sixteen => "this terminal has 16 colours",
            Depth::Indexed | Depth::True => return None,
        };
        let is_other = self.find(name).is_ok_and(|named| named != *shown);
        is_other.then(|| format!("{why}: {} is shown instead of {name}", shown.name()))
    }

    fn find(&self, name: &str) -> Result<Theme, ThemeError> {
        match self.own.iter().find(|(own, _)| own == name) {
            Some((_, Ok(theme))) => Ok(theme.clone()),
            Some((_, Err(error))) => Err(error.clone()),
            None => Theme::load(name).map_err(|error| match error {
                ThemeError::Unknown { name, .. } => {
                    ThemeError::Unknown { name, names: super::sentence(self.names(), " or ") }
                }
                other => other,
            }),
        }
    }
}

/// Reads a file of the user's own; it is called as the file is.
fn read(path: &Path) -> Result<Theme, ThemeError> {
    let shown = path.display().to_string();
    match read_text(path, LONGEST) {
        Err(error) => Err(ThemeError::Unreadable(shown, error.to_string())),
        Ok(text) => {
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            Theme::parse(&name, &text, Theme::base()).map_err(|mistake| ThemeError::Invalid(shown, mistake))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Role;
    use ratatui::style::Color;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn ones_own_stand_behind_those_that_are_built_in_and_go_before_them() {
        let mine = "about = \"mine\"\n[roles]\nbad = { fg = \"light-red\" }\n";
        let folder = folder(&[("mine.toml", mine), ("nord.toml", mine), ("notes.txt", "x"), ("bad.toml", "[roles")]);
        let themes = Themes::built_in(Depth::True).with_own(folder.path());
        let names: Vec<&str> = themes.names().collect();
        assert_eq!(names.len(), BUILT_IN.len() + 2);
        assert_eq!(names[BUILT_IN.len()..], ["bad", "mine"]);
        for name in ["mine", "nord"] {
            let theme = themes.choose(name).unwrap();
            assert_eq!((theme.name(), theme.style(Role::Bad).fg), (name, Some(Color::LightRed)));
            assert_eq!(themes.about(name), "mine");
        }
        let why = themes.choose("bad").unwrap_err().to_string();
        assert!(why.contains("bad.toml:1:") && themes.about("bad") == why, "{why}");
        assert!(
            themes.choose("nope").unwrap_err().to_string().contains("bad or mine; a .toml file is named at the start")
        );
    }

    #[test]
    fn a_folder_that_is_not_there_and_a_file_that_is_too_large_are_no_trouble() {
        assert_eq!(Themes::built_in(Depth::True).with_own(Path::new("/nonexistent")).names().count(), BUILT_IN.len());
        let folder = folder(&[("huge.toml", &"# \n".repeat(30_000)), ("binary.toml", "\u{0}")]);
        let themes = Themes::built_in(Depth::True).with_own(folder.path());
        assert!(themes.choose("huge").unwrap_err().to_string().contains("more than 65536 bytes"));
        assert!(themes.choose("binary").is_err());
    }

    #[test]
    fn a_file_is_read_at_the_start_only_and_only_where_it_is_one() {
        let folder = folder(&[("mine.toml", "[roles]\nbad = { fg = \"light-red\" }\n")]);
        std::fs::create_dir(folder.path().join("folder.toml")).unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let themes = Themes::built_in(Depth::True);
        assert_eq!(themes.begin(&path("mine.toml")).unwrap().name(), "mine");
        let told = themes.choose(&path("mine.toml")).unwrap_err().to_string();
        assert!(told.contains("a .toml file is named at the start, by --theme or the config"), "{told}");
        assert!(themes.begin(&path("folder.toml")).unwrap_err().to_string().contains("it is no regular file"));
        assert!(Themes::built_in(Depth::Plain).choose("nope").is_err(), "also where no colour is wanted");
    }

    #[test]
    fn no_colour_means_mono_and_sixteen_mean_the_default_whatever_is_chosen() {
        for (depth, shown, why) in [
            (Depth::Plain, "mono", "NO_COLOR is set: mono is shown instead of nord"),
            (Depth::Sixteen, "default", "this terminal has 16 colours: default is shown instead of nord"),
        ] {
            let themes = Themes::built_in(depth);
            let theme = themes.choose("nord").unwrap();
            assert_eq!((theme.name(), themes.instead("nord", &theme).as_deref()), (shown, Some(why)));
        }
        let themes = Themes::built_in(Depth::Indexed);
        let theme = themes.choose("nord").unwrap();
        assert_eq!((theme.name(), themes.instead("nord", &theme)), ("nord", None));
        assert_eq!(theme.style(Role::Text).bg, Some(Color::Indexed(237)));
    }
}
