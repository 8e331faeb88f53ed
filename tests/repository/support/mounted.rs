//! File systems of our own, which only root may mount.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system; it goes when this is dropped.
pub struct Mounted(PathBuf);

impl Mounted {
    /// An empty one in memory, of so many bytes.
    pub fn tmpfs(path: &Path, bytes: u64) -> Self {
        Self::mount(&["-t", "tmpfs", "-o", &format!("size={bytes}"), "none"], path)
    }

    /// Whatever `mount` takes.
    pub fn mount(options: &[&str], path: &Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        run("mount", &[options, &[path.to_str().unwrap()]].concat());
        Self(path.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        run("umount", &["--lazy", self.0.to_str().unwrap()]);
    }
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
