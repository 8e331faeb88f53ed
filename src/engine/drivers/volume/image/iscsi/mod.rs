//! A unit of an iSCSI target, such as a gateway's that `tgtd` serves.
//!
//! iSCSI is not spoken here: `qemu-nbd` does, in user space and without a device of the kernel, and gives the unit out by NBD to the one
//! that started it, for reading only, on a socket that is gone once that one is connected. It ends with that connection, and with the
//! engine. The password goes to it by its standard input, and is in no argument, no environment and no file.

mod url;

use super::nbd::NbdImage;
use super::{Extent, Image};
use crate::domain::{Consistency, Secret};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::{Program, Running};
use chrono::TimeDelta;
use parking_lot::Mutex;
use std::fs::DirBuilder;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
pub(in crate::engine::drivers::volume) use url::Url;

/// How long the program may take to listen. Only then does it come to the target, which has as long as any server of NBD may take to let
/// somebody in.
const LISTENS: Duration = Duration::from_secs(30);
/// How long the program may do nothing that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a program that has hung up may take to end.
const LAST: Duration = Duration::from_secs(2);
/// How often it is looked whether it listens.
const GLANCE: Duration = Duration::from_millis(20);
/// When a target that is away is tried again.
const AGAIN: TimeDelta = TimeDelta::seconds(20);
/// The package that has iSCSI for qemu's programs.
const PACKAGE: &str = "qemu-utils and qemu-block-extra";
/// As whom the engine comes to targets that let some initiators in only.
const INITIATOR: &str = "iqn.2026-11.dev.vaultdeck:engine";

/// An open unit. The connection ends before the program does.
pub(in crate::engine::drivers::volume) struct IscsiImage {
    nbd: NbdImage,
    _server: Mutex<Running>,
}

/// The folder of the socket, which goes with this.
struct Folder(PathBuf);

/// How the folders of sockets begin.
const FOLDERS: &str = "vaultdeck-iscsi-";
/// The path of a socket has no more bytes, by the system's rule.
const LONGEST: usize = 107;
/// A folder is needed until somebody is connected. One that is older is of an engine that was killed meanwhile.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

impl Folder {
    /// Makes one below that folder to which nobody else can come.
    fn make(below: &Path) -> Result<Self, Fault> {
        sweep(below);
        let path = below.join(format!("{FOLDERS}{}", uuid::Uuid::new_v4().simple()));
        let folder = Self(path);
        let socket = folder.socket();
        if socket.as_os_str().len() > LONGEST {
            return Err(Fault::Failed(format!(
                "The path of a socket, {}, is longer than the {LONGEST} bytes that it may have: start the engine with TMPDIR as a shorter one.",
                socket.display()
            )));
        }
        let made = DirBuilder::new().mode(0o700).create(&folder.0);
        made.map_err(|error| Fault::of_io("No folder for a socket can be made", &error))?;
        Ok(folder)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("nbd")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Takes away what an engine left that was killed before it was connected. What somebody else made stays: it cannot be removed.
fn sweep(below: &Path) {
    for entry in std::fs::read_dir(below).into_iter().flatten().flatten() {
        let made = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > LEFT_BEHIND));
        if is_old && entry.file_name().as_bytes().starts_with(FOLDERS.as_bytes()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl IscsiImage {
    /// Opens a unit, with the password of the user that the URL names.
    pub(in crate::engine::drivers::volume) fn open(url: &Url, secret: Option<&Secret>) -> Result<Self, Fault> {
        url.check_secret(secret)?;
        let folder = Folder::make(&std::env::temp_dir())?;
        let mut server = start(url, secret, &folder.socket())?;
        let Some(stream) = connect(&server, &folder.socket()) else {
            return Err(refused(url, server.has_ended(), &server.kill()));
        };
        drop(folder);
        server.discard_output().map_err(|error| Fault::of_io("No thread can be started", &error))?;
        match NbdImage::behind(stream, &url.shown()) {
            Ok(nbd) => Ok(Self { nbd, _server: Mutex::new(server) }),
            // It listens before it comes to the target, and ends where that does not let it in.
            Err(_) if ends(&server) => Err(refused(url, true, &server.kill())),
            Err(fault) => Err(fault),
        }
    }
}

fn start(url: &Url, secret: Option<&Secret>, socket: &Path) -> Result<Running, Fault> {
    let mut program = Program::named("qemu-nbd", PACKAGE)?.arg("--read-only");
    if let Some(secret) = secret {
        program = program.struck_out(secret).with_input().arg("--object=secret,id=chap,file=/dev/stdin");
    }
    let program = program
        .arg(format!("--socket={}", socket.display()))
        .arg("--image-opts")
        .arg(format!("driver=raw,{}", url.options(INITIATOR, secret.map(|_| "chap"))));
    let mut running = program.start(PATIENCE)?;
    if let Some(secret) = secret {
        // One that has ended already says why.
        let _ = running.tell(secret.reveal());
        running.hang_up();
    }
    Ok(running)
}

/// A connection to the program once it listens; none where it ended, or does not come so far.
fn connect(server: &Running, socket: &Path) -> Option<UnixStream> {
    let until = Instant::now() + LISTENS;
    while !server.has_ended() && Instant::now() < until {
        if let Ok(stream) = UnixStream::connect(socket) {
            return Some(stream);
        }
        std::thread::sleep(GLANCE);
    }
    None
}

/// Whether the program ends that has hung up.
fn ends(server: &Running) -> bool {
    let until = Instant::now() + LAST;
    while !server.has_ended() && Instant::now() < until {
        std::thread::sleep(GLANCE);
    }
    server.has_ended()
}

/// Why the program did not come to listen, by what it said last.
fn refused(url: &Url, has_ended: bool, said: &str) -> Fault {
    let shown = url.shown();
    let has = |words: &str| said.contains(words);
    if has("Unknown driver") || has("Unknown protocol") || has("Unable to load module") {
        return Fault::Failed(format!("qemu-nbd of this machine speaks no iSCSI: install {PACKAGE}."));
    }
    if has("Authentication failure") || has("Authorization failure") {
        let user =
            url.user.as_deref().map_or_else(|| "nobody without a name".to_owned(), |user| format!("not {user:?}"));
        let way = "the user stands in the URL (iscsi://USER@HOST:PORT/…) and its password in --secret-file";
        return Fault::Denied(format!("{shown} lets {user} in with that password: {way}."));
    }
    if has("Target not found") {
        return Fault::Gone(format!("{shown} does not exist: the server has no such target."));
    }
    if has("LOGICAL_UNIT_NOT_SUPPORTED") {
        return Fault::Gone(format!("{shown} does not exist: the target has no such unit."));
    }
    let why = if has_ended { said } else { "the target was silent for too long" };
    Fault::Temporary { why: format!("{shown} cannot be reached: {why}"), after: AGAIN }
}

impl Image for IscsiImage {
    fn size(&self) -> u64 {
        self.nbd.size()
    }

    /// Others may write to the unit meanwhile, whatever is given out to the engine.
    fn consistency(&self) -> Consistency {
        Consistency::None
    }

    fn extents(&self, range: Range<u64>) -> Result<Vec<Extent>, Fault> {
        self.nbd.extents(range)
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<(), Fault> {
        self.nbd.read_at(buffer, at)
    }

    fn finish(&self) -> Result<Option<&'static str>, Fault> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_says_tells_what_is_wrong() {
        let url = Url::parse("iscsi://ada@gw/iqn.2026-11.test:disk/7").unwrap();
        for (said, words) in [
            ("… Failed to log in to target. Status: Target not found(515)", "has no such target"),
            ("… SENSE KEY:ILLEGAL_REQUEST(5) ASCQ:LOGICAL_UNIT_NOT_SUPPORTED(0x2500)", "has no such unit"),
            ("… Status: Authentication failure(513)", "lets not \"ada\" in with that password"),
            ("Unknown driver 'iscsi'", "install qemu-utils and qemu-block-extra"),
            ("Unable to load module iscsi.", "install qemu-utils and qemu-block-extra"),
            ("iscsi_service failed", "cannot be reached: iscsi_service failed"),
        ] {
            let told = refused(&url, true, said).meaning().message;
            assert!(told.contains(words), "{told}");
        }
        let silent = refused(&url, false, "").meaning();
        assert!(silent.message.contains("silent for too long") && silent.again_after.is_some(), "{silent:?}");
    }

    #[test]
    fn a_folder_for_a_socket_is_for_nobody_else_and_goes() {
        use std::os::unix::fs::PermissionsExt as _;
        let below = tempfile::tempdir().unwrap();
        let folder = Folder::make(below.path()).unwrap();
        assert_eq!(std::fs::metadata(&folder.0).unwrap().permissions().mode() & 0o777, 0o700);
        let path = folder.0.clone();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_engine_left_is_swept_and_nothing_else() {
        let below = tempfile::tempdir().unwrap();
        let old = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
        for (name, is_old) in [("vaultdeck-iscsi-left", true), ("vaultdeck-iscsi-used", false), ("other", true)] {
            let path = below.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("nbd"), "").unwrap();
            if is_old {
                std::fs::File::open(&path).unwrap().set_modified(old).unwrap();
            }
        }
        let folder = Folder::make(below.path()).unwrap();
        let left =
            ["vaultdeck-iscsi-left", "vaultdeck-iscsi-used", "other"].map(|name| below.path().join(name).exists());
        assert!(folder.0.exists());
        assert_eq!(left, [false, true, true]);
    }

    #[test]
    fn a_socket_whose_path_would_be_too_long_is_refused_with_the_way_out() {
        let below = tempfile::tempdir().unwrap();
        let long = below.path().join("x".repeat(80));
        std::fs::create_dir(&long).unwrap();
        let Err(fault) = Folder::make(&long) else { panic!("it was made") };
        assert!(fault.to_string().contains("TMPDIR"), "{fault}");
        assert_eq!(std::fs::read_dir(&long).unwrap().count(), 0);
    }
}
