//! The themes that can be named: those that are built in, and the user's own.

use super::Session;
use crate::tui::theme::Theme;
use std::path::PathBuf;

/// What the help says of `--theme`: a new built-in theme appears in it by itself.
pub(super) fn help() -> String {
    let built_in = Theme::names(", ");
    format!("{built_in}, or a NAME whose themes/NAME.toml lies beside the config file [~/.config/vaultdeck/themes/]")
}

/// Where the themes of the user's own lie: in the folder `themes` beside the config file.
pub(super) fn folder(session: &Session) -> Option<PathBuf> {
    Some(session.places.config_file.parent()?.join("themes"))
}
