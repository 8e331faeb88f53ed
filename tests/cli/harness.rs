//! The binary in a home of its own.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

/// A user's home in a temporary folder.
pub struct Home {
    folder: tempfile::TempDir,
}

/// A command that has ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A running `vaultdeck serve`; killed when it is dropped.
pub struct Serving {
    pub url: String,
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the data lies when no directory is named.
    pub fn data_dir(&self) -> PathBuf {
        self.path(".local/share/vaultdeck")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vaultdeck"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("VAULTDECK_LOG", "warn")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What a command that must succeed prints, as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.err);
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {}", ran.out))
    }

    /// Registers the folder `projects` and returns its ARN.
    pub fn add_resource(&self, global: &[&str]) -> String {
        let folder = self.path("projects");
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = global.to_vec();
        let folder = folder.to_str().unwrap();
        command.extend(["resource", "add", "EFS", "projects", "--path", folder, "--tag", "env=prod"]);
        let ran = self.run(&command);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.trim().to_owned()
    }

    pub fn write_config(&self, text: &str) {
        let folder = self.path(".config/vaultdeck");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// Starts `vaultdeck serve` on a free port and waits until it is ready.
    pub fn serve(&self, more: &[&str]) -> Serving {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
        arguments.extend(more);
        let mut command = self.command(&arguments);
        command.stderr(Stdio::inherit());
        Serving::start(command)
    }
}

impl Serving {
    /// Waits until a `vaultdeck serve` is ready.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("not ready: {line:?}"));
        Self { url: url.trim().to_owned(), child, out }
    }

    /// How it ended, if it did.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.child.try_wait().unwrap().map(|status| status.code().unwrap_or(-1))
    }

    /// The reader of its standard error, where that is a pipe.
    pub fn take_errors(&mut self) -> ChildStderr {
        self.child.stderr.take().unwrap()
    }

    /// All that it said on standard error, once it has ended.
    pub fn errors(&mut self) -> String {
        let mut text = String::new();
        self.take_errors().read_to_string(&mut text).unwrap();
        text
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM; the exit code, and what else was printed.
    pub fn terminate(mut self) -> (i32, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (code, rest)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
