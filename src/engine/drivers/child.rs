//! Child programs of drivers: started by absolute path without a shell, watched, and never left behind.
//!
//! A program gets its arguments, an environment of two variables and what it is given besides, and an input only where it is to be told things. Secrets travel in
//! that environment, never in the arguments, and are struck out of what it says. It ends in one of three ways: by itself, and its
//! exit status is checked by [`Running::finish`]; killed, since it did nothing for longer than its patience lasts; or killed with
//! its whole process group when [`Running`] is dropped, in the middle of whatever failed. A job that waits for what a program writes
//! is stopped meanwhile too ([`Watched`]). What left the process group may hold the program's pipes open: nobody waits for that longer
//! than for the program.
//!
//! A fourth way is the engine's own death by `kill -9`, at which nothing of this module runs. Then the kernel kills it
//! (PR_SET_PDEATHSIG). That has to be asked for between fork and exec, which Rust allows in `unsafe` code only; so `setpriv` of
//! util-linux, which is part of every distribution's base, asks for it and then becomes the program, with the same process id. A
//! pipe at its input would not do: most programs never read it. The kernel takes the *thread* that started a program for its parent:
//! it must live as long as the program does, as a job's thread does.

mod said;
#[cfg(test)]
mod tests;
mod watch;

use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::repository::Control;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
pub(super) use rustix::process::Signal;
use rustix::process::{Pid, WaitId, WaitIdOptions, kill_process, waitid};
use said::Said;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use watch::{Group, Watch};

/// Where programs are looked for, in this order; the environment of the engine has no say in it.
const FOLDERS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// How often whoever waits for a program looks whether it still should.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// A program that is to be started.
pub(super) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    secrets: Vec<(OsString, Secret)>,
    struck_out: Vec<Secret>,
    talks: bool,
    input: Option<File>,
    folder: PathBuf,
    user: Option<User>,
}

/// Another user than the engine's, as whom a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl User {
    /// The one of a name in the text of `/etc/passwd`.
    pub(super) fn named(name: &str, users: &str) -> Option<Self> {
        let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut fields = line.split(':').skip(1);
        Some(Self { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    }
}

impl Program {
    /// The program at an absolute path.
    pub(super) fn at(path: &Path) -> Result<Self, Fault> {
        let shown = path.display();
        if !path.is_absolute() {
            return Err(Fault::Failed(format!("The program {shown} must be named by its absolute path.")));
        }
        if !is_program(path) {
            return Err(Fault::Failed(format!("There is no program at {shown} that can be run.")));
        }
        Ok(Self {
            path: path.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            secrets: Vec::new(),
            struck_out: Vec::new(),
            talks: false,
            input: None,
            folder: PathBuf::from("/"),
            user: None,
        })
    }

    /// The program with this name in one of the system's folders; `package` is what has to be installed where it is missing.
    pub(super) fn named(name: &str, package: &str) -> Result<Self, Fault> {
        let found = FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| is_program(path));
        let missing = || {
            let folders = FOLDERS.join(", ");
            Fault::Failed(format!("The program {name} is needed and is in none of {folders}: install {package}."))
        };
        Self::at(&found.ok_or_else(missing)?)
    }

    /// With one more argument. No secret may be in it: everyone on the machine can read it.
    pub(super) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// With a variable in its environment.
    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// With a secret in its environment, which is struck out of whatever is told of the program.
    pub(super) fn secret(mut self, name: &str, secret: &Secret) -> Self {
        self.secrets.push((name.into(), secret.clone()));
        self
    }

    /// With a secret that it is [told](Running::tell), and that is struck out of whatever is told of the program.
    pub(super) fn struck_out(mut self, secret: &Secret) -> Self {
        self.struck_out.push(secret.clone());
        self
    }

    /// With an input, which it is [told](Running::tell) things by.
    pub(super) fn with_input(mut self) -> Self {
        self.talks = true;
        self
    }

    /// With an input that is there as a whole, in memory that goes with the program: it reads that when it likes, also by the name
    /// `/dev/stdin`, and nobody has to wait for it meanwhile.
    pub(super) fn with_content(mut self, bytes: &[u8]) -> Result<Self, Fault> {
        let refused = |error: &io::Error| Fault::of_io("No memory for what a program is to read", error);
        let made = memfd_create("vaultdeck", MemfdFlags::CLOEXEC).map_err(|error| refused(&error.into()))?;
        let mut file = File::from(made);
        file.write_all(bytes).and_then(|()| file.rewind()).map_err(|error| refused(&error))?;
        self.input = Some(file);
        Ok(self)
    }

    /// In this folder, and not in that of the root.
    pub(super) fn within(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// As another user, with no group but that one: for an engine that is root.
    pub(super) fn run_by(mut self, user: User) -> Self {
        self.user = Some(user);
        self
    }

    /// Runs it to its end, and gives what it wrote.
    pub(super) fn run(self, patience: Duration) -> Result<Ended, Fault> {
        let mut running = self.start(patience)?;
        let mut output = Vec::new();
        // What stopped the reading is told by the end.
        let _ = (&mut running).take(MOST_OUTPUT + 1).read_to_end(&mut output);
        if output.len() as u64 > MOST_OUTPUT {
            let name = &running.name;
            return Err(Fault::Failed(format!(
                "{name} wrote more than the {MOST_OUTPUT} bytes that an answer may have."
            )));
        }
        Ok(Ended { output, ..running.finish()? })
    }

    /// Starts it. It is killed when for so long it has neither written what is waited for nor ended.
    pub(super) fn start(self, patience: Duration) -> Result<Running, Fault> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let unstarted = |error: &io::Error| Fault::of_io(format_args!("The program {name} does not start"), error);
        let parent = Self::named("setpriv", "util-linux")?;
        let mut command = Command::new(parent.path);
        if let Some(User { uid, gid }) = self.user {
            command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
        }
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.path).args(&self.arguments);
        command.env_clear().env("PATH", FOLDERS.join(":")).env("LC_ALL", "C").envs(self.environment);
        command.envs(self.secrets.iter().map(|(name, secret)| (name, secret.reveal())));
        command.current_dir(&self.folder).process_group(0);
        let input = match self.input {
            Some(content) => Stdio::from(content),
            None if self.talks => Stdio::piped(),
            None => Stdio::null(),
        };
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| unstarted(&error))?;
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let group = Group::of(Pid::from_child(&child));
        let secrets = self.secrets.into_iter().map(|(_, secret)| secret).chain(self.struck_out).collect();
        // From here on whatever fails drops it, which ends the program.
        let mut running = Running { name, child, group, input, output, said: Said::without(secrets), watch: None };
        running.said.listen(errors).map_err(|error| Fault::of_io("No thread can be started", &error))?;
        let watch = Watch::start(running.group.clone(), patience);
        running.watch = Some(watch.map_err(|error| Fault::of_io("No thread can be started", &error))?);
        Ok(running)
    }
}

/// The most that [`Program::run`] takes of what a program writes: it is for answers, not for data.
const MOST_OUTPUT: u64 = 1 << 20;

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// A program that runs. What it writes is read from it; dropped, it is killed with all that it started.
pub(super) struct Running {
    name: String,
    child: Child,
    group: Group,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    said: Said,
    watch: Option<Watch>,
}

/// What a program left that ended well.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// What it wrote and nobody had read before.
    pub(super) output: Vec<u8>,
    /// The last of what it said on its standard error, without secrets and in one line; some programs fail so with exit status 0.
    pub(super) said: String,
}

impl Read for Running {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_unless(buffer, &|| false)
    }
}

/// A program whose output is read by a job that can be stopped.
pub(super) struct Watched<'a> {
    running: Running,
    control: &'a Control,
}

impl Watched<'_> {
    /// The program itself.
    pub(super) fn into_inner(self) -> Running {
        self.running
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.running.read_unless(buffer, &|| self.control.is_cancelled())
    }
}

impl Running {
    /// Read as long as the job goes on.
    pub(super) fn watched_by(self, control: &Control) -> Watched<'_> {
        Watched { running: self, control }
    }

    fn read_unless(&mut self, buffer: &mut [u8], is_stopped: &dyn Fn() -> bool) -> io::Result<usize> {
        self.wait_unless(is_stopped)?;
        self.output.as_mut().map_or(Ok(0), |output| output.read(buffer))
    }

    /// Waits until it wrote something, or ended; an error where its patience is over or whoever waits is to stop.
    pub(super) fn wait_unless(&mut self, is_stopped: &dyn Fn() -> bool) -> io::Result<()> {
        let (Some(output), Some(watch)) = (&mut self.output, &self.watch) else { return Ok(()) };
        let is_over = || watch.has_lost_patience() || is_stopped();
        watch.during(|| wait_for(output, is_over))?;
        if watch.has_lost_patience() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if is_stopped() { Err(io::Error::other("the job was stopped")) } else { Ok(()) }
    }

    /// Writes to its input. No more than it reads before it answers: nobody reads its output meanwhile.
    pub(super) fn tell(&mut self, text: &str) -> io::Result<()> {
        self.input.as_mut().map_or(Err(io::ErrorKind::BrokenPipe.into()), |input| input.write_all(text.as_bytes()))
    }

    /// Its input ends here.
    pub(super) fn hang_up(&mut self) {
        self.input = None;
    }

    /// Writes to its input as it reads it; an error once it reads no more, or does not go on reading.
    pub(super) fn pour(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (Some(input), Some(watch)) = (&mut self.input, &self.watch) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        watch.during(|| input.write_all(bytes))
    }

    /// Throws away what it writes from now on, while it writes.
    pub(super) fn discard_output(&mut self) -> io::Result<()> {
        let Some(mut output) = self.output.take() else { return Ok(()) };
        let discard = move || drop(io::copy(&mut output, &mut io::sink()));
        std::thread::Builder::new().name("child output".to_owned()).spawn(discard).map(drop)
    }

    /// Asks it to end with a signal, and waits for that; one that does not end in this time is killed.
    pub(super) fn end(self, signal: Signal, limit: Duration) {
        let asked = std::time::Instant::now();
        let _ = kill_process(Pid::from_child(&self.child), signal);
        while !self.has_ended() && asked.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it, and tells the last of what it said.
    pub(super) fn kill(self) -> String {
        self.group.kill();
        self.said.text()
    }

    /// Whether it has ended, well or not.
    pub(super) fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(Pid::from_child(&self.child)), options), Ok(None))
    }

    /// Waits for its end, and refuses one that is not good. What it still writes is thrown away.
    pub(super) fn finish(mut self) -> Result<Ended, Fault> {
        // It sees the end of its input.
        self.input = None;
        let _ = io::copy(&mut self, &mut io::sink());
        let pid = Pid::from_child(&self.child);
        // It stays a zombie until its process group is gone: until then its number is nobody else's.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let ended = || waitid(WaitId::Pid(pid), options).map_err(io::Error::from);
        let lost = |error: &io::Error| Fault::of_io(format_args!("The program {} was lost", self.name), error);
        let waited = self.watch.as_ref().map_or_else(ended, |watch| watch.during(ended));
        waited.map_err(|error| lost(&error))?;
        self.group.kill();
        self.group.forget();
        let status = self.child.wait().map_err(|error| lost(&error))?;
        let said = self.said.text();
        let name = &self.name;
        if let Some(watch) = self.watch.take().filter(Watch::has_lost_patience) {
            let seconds = watch.patience.as_secs_f64();
            return Err(Fault::Failed(format!("{name} did nothing for {seconds} s and was killed{}", after(&said))));
        }
        if status.success() {
            return Ok(Ended { output: Vec::new(), said });
        }
        Err(Fault::Failed(format!("{name} failed ({status}){}", after(&said))))
    }
}

/// Returns when there is something to read, or its end, or when it is over.
fn wait_for(output: &ChildStdout, is_over: impl Fn() -> bool) -> io::Result<()> {
    while !is_over() {
        let mut waited = [PollFd::new(output, PollFlags::IN)];
        match poll(&mut waited, Some(&LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn after(said: &str) -> String {
    if said.is_empty() { ".".to_owned() } else { format!(": {said}") }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.group.kill();
        self.group.forget();
        let _ = self.child.wait();
    }
}
