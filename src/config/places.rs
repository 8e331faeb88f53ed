//! Where files belong: the XDG base directories.

use etcetera::base_strategy::{BaseStrategy, Xdg};
use std::path::PathBuf;

/// The folders of this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// `$XDG_CONFIG_HOME/vaultdeck/config.toml`.
    pub config_file: PathBuf,
    /// `$XDG_DATA_HOME/vaultdeck`: the engine's data, unless another folder is named.
    pub data_dir: PathBuf,
    /// `$XDG_DATA_HOME/vaultdeck-demo`.
    pub demo_dir: PathBuf,
    /// `$XDG_STATE_HOME/vaultdeck`: logs and the audit file.
    pub state_dir: PathBuf,
}

impl Places {
    /// Finds them; fails when the user has no home.
    pub fn of_user() -> Result<Self, String> {
        let xdg = Xdg::new().map_err(|e| format!("the home directory is not known ({e}); set HOME"))?;
        let state = xdg.state_dir().unwrap_or_else(|| xdg.data_dir());
        Ok(Self {
            config_file: xdg.config_dir().join("vaultdeck").join("config.toml"),
            data_dir: xdg.data_dir().join("vaultdeck"),
            demo_dir: xdg.data_dir().join("vaultdeck-demo"),
            state_dir: state.join("vaultdeck"),
        })
    }
}
