//! The real restic, as the other side and as the judge.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub const PASSWORD: &str = "correct horse battery staple";

/// restic at work on one repository.
pub struct Restic {
    repository: PathBuf,
}

impl Restic {
    /// restic on a repository that is there.
    pub fn on(repository: &Path) -> Self {
        Self { repository: repository.to_owned() }
    }

    /// A new repository of version 2, made by restic.
    pub fn init(repository: &Path) -> Self {
        let restic = Self::on(repository);
        restic.succeed(&["init", "--repository-version", "2"]);
        restic
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new("restic");
        command.arg("--no-cache").arg("--quiet").arg("--repo").arg(&self.repository).env("RESTIC_PASSWORD", PASSWORD);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("restic must be installed: tests/run does it")
    }

    /// Runs restic and fails the test with its words when it fails.
    pub fn succeed(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        let words = || String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "restic {arguments:?}: {}", words());
    }

    pub fn backup(&self, source: &Path) {
        self.succeed(&["backup", source.to_str().unwrap()]);
    }

    /// restic's own judgement over every byte.
    pub fn assert_whole(&self) {
        self.succeed(&["check", "--read-data"]);
    }

    /// Restores the newest snapshot, and answers where the source's folder is in it.
    pub fn restore(&self, source: &Path, target: &Path) -> PathBuf {
        self.succeed(&["restore", "latest", "--target", target.to_str().unwrap()]);
        target.join(source.strip_prefix("/").unwrap())
    }
}
