//! File systems of our own, which only root may mount. Each test binary uses the part that it needs.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system; it goes when this is dropped.
pub struct Mounted(PathBuf);

impl Mounted {
    /// An empty one in memory, of so many bytes.
    pub fn tmpfs(path: &Path, bytes: u64) -> Self {
        Self::mount(&["-t", "tmpfs", "-o", &format!("size={bytes}"), "none"], path)
    }

    /// An empty ext4 of so many bytes, in the new file `image`. Its blocks are smaller than the pages of memory.
    pub fn ext4(image: &Path, path: &Path, bytes: u64) -> Self {
        std::fs::File::create(image).unwrap().set_len(bytes).unwrap();
        let image = image.to_str().unwrap();
        run("mkfs.ext4", &["-q", "-F", "-m", "0", "-b", "1024", image]);
        Self::mount(&["-o", "loop", image], path)
    }

    /// Fills it to the last byte, as a program of somebody else would.
    pub fn fill(&self) {
        use std::io::Write as _;
        let filler = self.0.join("filler");
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(filler).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    /// Whatever `mount` takes.
    pub fn mount(options: &[&str], path: &Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        run("mount", &[options, &[path.to_str().unwrap()]].concat());
        Self(path.to_owned())
    }

    /// A folder in its own place, where nothing can be written any more. Who has it open already still writes.
    pub fn read_only(folder: &Path) -> Self {
        // Made elsewhere: whoever opens a file to write just after the mount would keep it from becoming read-only.
        let stage = tempfile::tempdir().unwrap();
        let staged = Self::mount(&["--bind", folder.to_str().unwrap()], stage.path());
        run("mount", &["-o", "remount,bind,ro", stage.path().to_str().unwrap()]);
        let mounted = Self::mount(&["--bind", stage.path().to_str().unwrap()], folder);
        drop(staged);
        mounted
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
