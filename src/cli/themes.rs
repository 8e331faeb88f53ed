//! The themes that can be named: those that are built in, and the user's own.

use super::Session;
use crate::tui::theme::Theme;

/// What the help says of `--theme`: a new built-in theme appears in it by itself.
pub(super) fn help() -> String {
    let built_in = Theme::names(", ");
    format!("{built_in}, or a NAME whose themes/NAME.toml lies beside the config file [~/.config/vaultdeck/themes/]")
}

/// A theme of the user's own lies in the folder `themes` beside the config file.
pub(super) fn named(session: &Session, name: &str) -> String {
    let folder = session.places.config_file.parent().map(|folder| folder.join("themes"));
    let file = folder.map(|folder| folder.join(format!("{name}.toml"))).filter(|file| file.is_file());
    file.map_or_else(|| name.to_owned(), |file| file.to_string_lossy().into_owned())
}
