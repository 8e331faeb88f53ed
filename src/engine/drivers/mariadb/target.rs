//! Restoring into a folder, which becomes a data directory that a server starts on.

use super::programs::BACKUP;
use super::source::{COMPLETE, COPIED};
use super::version::Version;
use super::{ENGINE_DETAIL, MariaDb, binlog, owner};
use crate::domain::PointDetails;
use crate::domain::continuous::Moment;
use crate::domain::types::location::Part;
use crate::engine::drivers::child::{Program, User};
use crate::engine::drivers::folder::{self, path_of, root, vacancy};
use crate::engine::drivers::{Fault, Inside, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target};
use crate::repository::{ItemPath, OpenFolder, RestoreOutcome, RestoreSize};
use rustix::fs::{Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, fsync, openat, syncfs};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the preparation may take: it works off the log of the time of the backup.
const PATIENCE: Duration = Duration::from_secs(12 * 60 * 60);

/// The folder in which a program is at home, as the program sees it.
pub(super) const HERE: &str = "/proc/self/cwd";

/// There while the files are prepared: what an attempt left that was cut off then is no copy any more, and goes.
const BEGUN: &str = ".vaultdeck-is-preparing";

/// The file in which files say what they are: a copy, or prepared.
pub(super) const CHECKPOINTS: &str = "xtrabackup_checkpoints";

/// What a server has to be told of its data, and the values that it takes without being told.
const SETTINGS: [(&str, &str); 2] =
    [("innodb_page_size", "16384"), ("innodb_data_file_path", "ibdata1:12M:autoextend")];
pub(super) const SETTINGS_FILE: &str = "backup-my.cnf";

/// What a restore of a server is to do.
pub(super) fn plan(driver: &MariaDb, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = (driver.0.read)(ask.metadata)?;
    (driver.0.supported)(ask.metadata)?;
    driver.refuse_own_name(ask, &restore.identifier)?;
    let version = ask.details.get("EngineVersion").map(String::as_str);
    check_programs(version)?;
    if ask.is_continuous {
        binlog::check_programs(version)?;
    }
    let target = folder::target::new_folder(ask, restore.path.as_deref(), &restore.identifier)?;
    let target = target.with(Part::Engine, Some(ENGINE_DETAIL.1));
    Ok(RestorePlan { target, makes: Some(restore.identifier), is_whole: true })
}

/// The files are prepared by the program of the version that copied them.
pub(super) fn check_programs(version: Option<&str>) -> Result<(), Fault> {
    let installed = BACKUP.version()?;
    match version.and_then(Version::of) {
        Some(needed) if needed != installed => Err(Fault::Unsupported {
            found: format!("mariadb-backup {installed} for a recovery point of MariaDB {needed}"),
            needs: format!("mariadb-backup {needed}"),
        }),
        _ => Ok(()),
    }
}

/// The folder that becomes a data directory.
pub(super) struct DataDirectory<'a> {
    folder: Box<folder::target::Folder<'a>>,
    content: &'a Inside<'a>,
    path: PathBuf,
    /// Which folder it is.
    mark: Option<Mark>,
    /// The moment that the log is applied up to; that of the copy with none.
    moment: Option<Moment>,
    details: &'a PointDetails,
    /// Whether it goes when what is wanted of it was taken out.
    is_scratch: bool,
}

/// Opens nothing yet.
pub(super) fn open<'a>(driver: &MariaDb, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let restore = (driver.0.read)(cx.metadata)?;
    let made = Restored { name: Some(restore.identifier), ..Restored::default() };
    let folder = Box::new(folder::target::open(cx, Vec::new(), made)?);
    let path = path_of(cx.target)?.to_owned();
    let (content, moment, details) = (cx.content, cx.moment, cx.details);
    Ok(Box::new(DataDirectory { folder, content, path, mark: None, moment, details, is_scratch: false }))
}

impl<'a> DataDirectory<'a> {
    /// That of a scratch folder.
    pub(super) fn at(path: PathBuf, cx: &RestoreCx<'a>) -> Self {
        let folder = Box::new(folder::target::at(path.clone(), cx.lend));
        let (content, moment, details) = (cx.content, cx.moment, cx.details);
        Self { folder, content, path, mark: None, moment, details, is_scratch: true }
    }
}

impl DataDirectory<'_> {
    /// The folder that was begun.
    fn again(&self) -> Result<OpenFolder, Fault> {
        let identity = self.mark.as_ref().and_then(root::identity_of);
        let identity = identity.ok_or_else(|| Fault::Failed("the target was not begun".to_owned()))?;
        vacancy::open_again(&self.path, identity)
    }

    fn failed(&self, error: &io::Error) -> Fault {
        Fault::of_io(format_args!("The files in {} cannot be prepared", self.path.display()), error)
    }
}

impl Target for DataDirectory<'_> {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    fn begin(&mut self, need: &RestoreSize) -> Result<Mark, Fault> {
        let mark = self.folder.begin(need)?;
        self.mark = Some(mark.clone());
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        self.mark = Some(before.clone());
        clear_if_prepared(&self.again()?.into_descriptor()).map_err(|error| self.failed(&error))?;
        self.folder.resume(before)
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        self.folder.sink()
    }

    fn finish(self: Box<Self>, outcome: &RestoreOutcome) -> Result<Restored, Fault> {
        let folder = self.again()?;
        let folder = folder.into_descriptor();
        let note = if self.is_scratch { None } else { note(self.content, &self.path)? };
        let held = Held::hold(folder).map_err(|error| self.failed(&error))?;
        prepare(&through(&held.folder), held.worker)?;
        let applied = self
            .moment
            .map(|moment| binlog::apply((&self.path, &through(&held.folder)), held.worker, moment.at, self.details));
        let applied = applied.transpose()?;
        held.release().map_err(|error| self.failed(&error))?;
        let mut restored = self.folder.finish(outcome)?;
        restored.notes.extend(applied.into_iter().flatten().chain(note));
        Ok(restored)
    }
}

/// Makes a data directory of a copy, as whom it belongs to. The program is at home in it: by its path that user might not come there.
fn prepare(path: &Path, worker: Option<User>) -> Result<(), Fault> {
    let program = BACKUP.program()?.arg("--prepare").arg(format!("--target-dir={HERE}")).within(path);
    let said = worker.into_iter().fold(program, Program::run_by).run(PATIENCE)?.said;
    if said.ends_with(COMPLETE) {
        return Ok(());
    }
    Err(Fault::Failed(format!("mariadb-backup --prepare did not say {COMPLETE} but {said}")))
}

/// With what a server has to be started on these files, where it would not start on them by itself.
fn note(content: &Inside<'_>, path: &Path) -> Result<Option<String>, Fault> {
    let file = ItemPath::root().join(SETTINGS_FILE.as_bytes());
    let settings = content.read(&file, 64 << 10)?.unwrap_or_default();
    let settings = String::from_utf8_lossy(&settings);
    let mut pairs = settings.lines().filter_map(|line| line.split_once('='));
    let is_special = pairs.any(|(name, value)| SETTINGS.iter().any(|(known, usual)| name == *known && value != *usual));
    let shown = path.display();
    Ok(is_special.then(|| {
        format!("Its files are not of the usual form: start it with mariadbd --defaults-file={shown}/{SETTINGS_FILE} --datadir={shown}.")
    }))
}

/// A folder in which programs work as whom it belongs to: nobody else may look in meanwhile, and so nobody else can lead them astray by
/// a link.
struct Held {
    folder: OwnedFd,
    owner: User,
    mode: Mode,
    /// Who works in it; us with none.
    worker: Option<User>,
}

impl Held {
    fn hold(folder: OwnedFd) -> io::Result<Self> {
        let stat = fstat(&folder)?;
        let (owner, mode) = (User { uid: stat.st_uid, gid: stat.st_gid }, Mode::from_raw_mode(stat.st_mode));
        let access = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fsync(openat(&folder, BEGUN, access, Mode::RUSR | Mode::WUSR)?)?;
        fchmod(&folder, Mode::RWXU)?;
        let worker = owner::worker((owner.uid, owner.gid));
        if let Some(worker) = worker {
            fchown(&folder, Some(Uid::from_raw(worker.uid)), Some(Gid::from_raw(worker.gid)))?;
            // Also what of the log we brought.
            owner::give(&through(&folder), 0, worker)?;
        }
        fsync(&folder)?;
        Ok(Self { folder, owner, mode, worker })
    }

    /// What the programs made belongs to whom the rest belongs to, and all is on the disk.
    fn release(self) -> io::Result<()> {
        let inside = through(&self.folder);
        if let Some(worker) = self.worker {
            owner::give(&inside, if self.owner.uid == 0 { worker.uid } else { 0 }, self.owner)?;
        }
        syncfs(&self.folder)?;
        std::fs::remove_file(inside.join(BEGUN))?;
        fchmod(&self.folder, self.mode)?;
        if self.worker.is_some() {
            fchown(&self.folder, Some(Uid::from_raw(self.owner.uid)), Some(Gid::from_raw(self.owner.gid)))?;
        }
        Ok(fsync(&self.folder)?)
    }
}

/// The path of an open folder, whatever became of the path that led to it.
fn through(folder: impl AsFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd()))
}

/// Empties a folder in which files were being prepared when an attempt was cut off, or were prepared: over these no copy can be written.
fn clear_if_prepared(folder: &OwnedFd) -> io::Result<()> {
    let inside = through(folder);
    if !inside.join(BEGUN).is_file() && !is_prepared(&inside.join(CHECKPOINTS))? {
        return Ok(());
    }
    for entry in std::fs::read_dir(&inside)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            // The last to go: without them the folder would be taken for one with whole files.
            false if [BEGUN, CHECKPOINTS].iter().any(|last| entry.file_name() == *last) => {}
            false => std::fs::remove_file(entry.path())?,
        }
    }
    fsync(folder)?;
    for last in [CHECKPOINTS, BEGUN] {
        match std::fs::remove_file(inside.join(last)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fsync(folder).map_err(io::Error::from)
}

/// Whether what files say of themselves is something else than that they are a copy. One that is not written whole says nothing yet.
fn is_prepared(checkpoints: &Path) -> io::Result<bool> {
    let said = match std::fs::read(checkpoints) {
        Ok(said) => said,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let said = String::from_utf8_lossy(&said);
    let kind = said.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let kind = kind.filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == "backup_type");
    Ok(kind.is_some_and(|(_, kind)| kind.trim() != COPIED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn open(path: &Path) -> OwnedFd {
        OpenFolder::open(&path.canonicalize().unwrap()).unwrap().into_descriptor()
    }

    #[test]
    fn a_folder_is_ours_alone_while_it_is_prepared_and_then_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mode = || std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777;
        std::fs::create_dir(folder.path().join("shop")).unwrap();
        std::fs::write(folder.path().join("shop/made"), "x").unwrap();
        let held = Held::hold(open(folder.path())).unwrap();
        assert_eq!((mode(), folder.path().join(BEGUN).is_file()), (0o700, true));
        held.release().unwrap();
        assert_eq!((mode(), folder.path().join(BEGUN).exists()), (0o755, false));
        assert!(folder.path().join("shop/made").is_file());
    }

    #[test]
    fn what_was_cut_off_in_the_midst_of_the_preparation_goes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("shop")).unwrap();
        std::fs::write(folder.path().join("shop/t.ibd"), "x").unwrap();
        clear_if_prepared(&open(folder.path())).unwrap();
        assert!(folder.path().join("shop/t.ibd").exists(), "it was only being written");
        drop(Held::hold(open(folder.path())).unwrap());
        clear_if_prepared(&open(folder.path())).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_prepared_and_not_told_yet_goes_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (said, goes) in [
            ("backup_type = full-backuped\nfrom_lsn = 0\n", false),
            ("backup_type = full-ba", false),
            ("backup_type = full-prepared\nfrom_lsn = 0\n", true),
        ] {
            std::fs::create_dir_all(path("shop")).unwrap();
            std::fs::write(path("shop/t.ibd"), "x").unwrap();
            std::fs::write(path("xtrabackup_checkpoints"), said).unwrap();
            clear_if_prepared(&open(folder.path())).unwrap();
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count() == 0, goes, "{said}");
        }
    }
}
