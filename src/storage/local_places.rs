//! Vaults in the folders `ACCOUNT/REGION/NAME` of one folder.
//!
//! That folder itself may be reached through links, as whoever set up the machine wished: they are followed once, at the start.
//! Below it no link is ever followed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Grave, Place, Places};
use crate::repository::{Error, LocalStorage, OpenFolder, Result, Room, Storage};

/// What the name of a folder ends with in which a vault is being made; it begins with a dot, which no vault's name does.
const BUILDING: &str = ".new";
/// The trash of vaults that lie on another disk than the data directory, in their own folder.
const NEAR_TRASH: &str = ".trash";
/// Where in a vault's folder its cold storage lies, unless there is a place for that of its region.
const COLD: [&str; 2] = ["vaultdeck", "cold"];

/// The folder of all vaults, and the one for deleted ones.
#[derive(Debug)]
pub struct LocalPlaces {
    vaults: PathBuf,
    /// Where a deleted vault is put.
    trash: PathBuf,
    /// Where some may lie that were put there when the vaults lay on another disk.
    old_trash: PathBuf,
    writing: Writing,
    /// The places of the cold storage of some regions, which lie elsewhere.
    cold: BTreeMap<String, LocalPlaces>,
}

/// Whether something is written, and who deals out the room on the disk.
#[derive(Debug, Clone)]
enum Writing {
    Never,
    Shared(Arc<dyn Room>),
    /// On a disk of which nobody deals out the room.
    Free,
}

impl LocalPlaces {
    /// The folder of vaults and the trash, as they are reached now. Without `room` nothing is ever written.
    ///
    /// A folder is moved to the trash by giving it another name, which no file system does across disks. Where the vaults lie
    /// on another one than the trash, theirs is `.trash` in their own folder.
    pub fn open(vaults: &Path, trash: &Path, room: Option<Arc<dyn Room>>) -> Self {
        Self::open_on(vaults, trash, room, |path| fs::metadata(path).map(|facts| facts.dev()).ok())
    }

    /// The same; `disk` tells the number of the file system that a folder lies on.
    fn open_on(vaults: &Path, trash: &Path, room: Option<Arc<dyn Room>>, disk: impl Fn(&Path) -> Option<u64>) -> Self {
        let reached = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (vaults, trash) = (reached(vaults), reached(trash));
        let near = vaults.join(NEAR_TRASH);
        let (trash, old_trash) = if disk(&vaults) == disk(&trash) { (trash, near) } else { (near, trash) };
        let writing = room.map_or(Writing::Never, Writing::Shared);
        Self { vaults, trash, old_trash, writing, cold: BTreeMap::new() }
    }

    /// The same, with folders for the cold storage of the vaults of some regions. Each must be there whenever it is needed:
    /// it is never made, for then a disk that is not mounted would seem to be empty.
    pub fn with_cold(mut self, folders: impl IntoIterator<Item = (String, PathBuf)>) -> Self {
        let writing = match self.writing {
            Writing::Never => Writing::Never,
            Writing::Shared(_) | Writing::Free => Writing::Free,
        };
        let places = |folder: PathBuf| Self {
            trash: folder.join(NEAR_TRASH),
            old_trash: folder.join(NEAR_TRASH),
            vaults: folder,
            writing: writing.clone(),
            cold: BTreeMap::new(),
        };
        self.cold = folders.into_iter().map(|(region, folder)| (region, places(folder))).collect();
        self
    }

    /// The cold storage in a vault's own folder.
    fn cold_inside(&self, place: &Place) -> Result<Option<OpenFolder>> {
        let [own, cold] = COLD;
        match OpenFolder::open(&self.path(place)).and_then(|vault| vault.child(own.as_ref())?.child(cold.as_ref())) {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("open", &self.cold_path(place))(error)),
        }
    }

    /// Refuses to go on where the folder itself is away.
    fn require(&self) -> Result<()> {
        OpenFolder::open(&self.vaults).map(drop).map_err(failed("open the folder of cold storage", &self.vaults))
    }

    fn region(&self, place: &Place) -> PathBuf {
        self.vaults.join(&place.account).join(&place.region)
    }

    fn path(&self, place: &Place) -> PathBuf {
        self.region(place).join(&place.name)
    }

    /// Where a vault's cold storage lies in the vault's own folder.
    fn cold_path(&self, place: &Place) -> PathBuf {
        self.path(place).join(COLD.join("/"))
    }

    /// The folder of a place's region, made where it is not there; that of all vaults must be.
    fn make_region(&self, place: &Place) -> io::Result<OpenFolder> {
        let region =
            OpenFolder::open(&self.vaults)?.make_child(place.account.as_ref())?.make_child(place.region.as_ref())?;
        region.close_to_others()?;
        Ok(region)
    }

    /// The open folder of a place's region; `None` where it is not there.
    fn open_region(&self, place: &Place) -> Result<Option<OpenFolder>> {
        let path = self.region(place);
        match OpenFolder::open(&path) {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("open", &path)(error)),
        }
    }

    fn storage(&self, folder: OpenFolder) -> Arc<dyn Storage> {
        let storage = LocalStorage::in_folder(folder);
        Arc::new(match &self.writing {
            Writing::Shared(room) => storage.on_shared_disk(Arc::clone(room)),
            Writing::Free => storage,
            Writing::Never => storage.refusing_writes(),
        })
    }
}

impl Places for LocalPlaces {
    fn location(&self, place: &Place) -> String {
        self.path(place).display().to_string()
    }

    fn find(&self, place: &Place) -> Result<Option<Arc<dyn Storage>>> {
        let path = self.path(place);
        match OpenFolder::open(&path) {
            Ok(folder) => Ok(Some(self.storage(folder))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // A file is no vault; a link may lead to one, and is told of.
            Err(_) if fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_file()) => Ok(None),
            Err(error) => Err(failed("open", &path)(error)),
        }
    }

    fn cold_location(&self, place: &Place) -> String {
        match self.cold.get(&place.region) {
            Some(elsewhere) => elsewhere.location(place),
            None => self.cold_path(place).display().to_string(),
        }
    }

    fn find_cold(&self, place: &Place) -> Result<Option<Arc<dyn Storage>>> {
        // What was moved before the region had a place of its own stays where it is.
        if let Some(folder) = self.cold_inside(place)? {
            return Ok(Some(self.storage(folder)));
        }
        let Some(elsewhere) = self.cold.get(&place.region) else { return Ok(None) };
        elsewhere.require()?;
        elsewhere.find(place)
    }

    fn make_cold(&self, place: &Place) -> Result<Arc<dyn Storage>> {
        if let Some(elsewhere) = self.cold.get(&place.region) {
            elsewhere.require()?;
            let make = || {
                let region = elsewhere.make_region(place)?;
                let folder = region.make_child(place.name.as_ref())?;
                region.sync()?;
                Ok(folder)
            };
            return make().map(|folder| elsewhere.storage(folder)).map_err(failed("create", &elsewhere.path(place)));
        }
        let make = || {
            let own = OpenFolder::open(&self.path(place))?.child(COLD[0].as_ref())?;
            let folder = own.make_child(COLD[1].as_ref())?;
            own.sync()?;
            Ok(folder)
        };
        make().map(|folder| self.storage(folder)).map_err(failed("create", &self.cold_path(place)))
    }

    fn bury_cold(&self, place: &Place, name: &str) -> Result<()> {
        let Some(elsewhere) = self.cold.get(&place.region) else { return Ok(()) };
        elsewhere.require()?;
        if elsewhere.is_taken(place)? { elsewhere.bury(place, name).map(drop) } else { Ok(()) }
    }

    fn is_taken(&self, place: &Place) -> Result<bool> {
        match self.open_region(place)? {
            Some(region) => region.holds(place.name.as_ref()).map_err(failed("read", &self.path(place))),
            None => Ok(false),
        }
    }

    fn build(&self, place: &Place) -> Result<Arc<dyn Storage>> {
        let name = building(place);
        let build = || {
            let region = self.make_region(place)?;
            region.remove_all(name.as_ref())?;
            region.make_child(name.as_ref())
        };
        build().map(|folder| self.storage(folder)).map_err(failed("create", &self.path(place)))
    }

    fn finish(&self, place: &Place) -> Result<()> {
        let name = building(place);
        let finish = || {
            let region = OpenFolder::open(&self.region(place))?;
            region.child(name.as_ref())?.sync()?;
            region.rename(name.as_ref(), &region, place.name.as_ref())?;
            region.sync()
        };
        finish().map_err(failed("create", &self.path(place)))
    }

    fn bury(&self, place: &Place, name: &str) -> Result<Grave> {
        let bury = || {
            let region = OpenFolder::open(&self.region(place))?;
            let trash = self.open_trash()?;
            region.rename(place.name.as_ref(), &trash, name.as_ref())?;
            trash.sync()?;
            region.sync()?;
            Ok(Grave { name: name.to_owned(), within: trash.path().display().to_string() })
        };
        bury().map_err(failed("move to the trash", &self.path(place)))
    }

    fn graves(&self) -> Result<Vec<Grave>> {
        let mut graves = Vec::new();
        for trash in [&self.trash, &self.old_trash] {
            let names = match OpenFolder::open(trash).and_then(|trash| trash.names()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                names => names.map_err(failed("list", trash))?,
            };
            let grave = |name: String| Grave { name, within: trash.display().to_string() };
            graves.extend(names.into_iter().filter_map(|name| name.into_string().ok()).map(grave));
        }
        for elsewhere in self.cold.values() {
            match elsewhere.graves() {
                Ok(more) => graves.extend(more),
                Err(error) => tracing::warn!(%error, "the trash of cold storage could not be looked through"),
            }
        }
        // Two regions may have one folder for their cold storage, and one of two trashes may be the other.
        graves.sort();
        graves.dedup();
        Ok(graves)
    }

    fn remove_grave(&self, grave: &Grave) -> Result<()> {
        let within = Path::new(&grave.within);
        let remove = || OpenFolder::open(within)?.remove_all(grave.name.as_ref());
        remove().map_err(failed("delete", &within.join(&grave.name)))
    }

    fn all(&self) -> Result<Vec<Place>> {
        Ok(self.everything()?.into_iter().filter(|place| !place.name.starts_with('.')).collect())
    }

    fn remove_leftovers(&self) -> Result<()> {
        let unfinished = |place: &Place| place.name.starts_with('.') && place.name.ends_with(BUILDING);
        for place in self.everything()?.iter().filter(|place| unfinished(place)) {
            let remove = || OpenFolder::open(&self.region(place))?.remove_all(place.name.as_ref());
            remove().map_err(failed("remove", &self.path(place)))?;
        }
        Ok(())
    }
}

impl LocalPlaces {
    /// The trash for what is deleted now.
    fn open_trash(&self) -> io::Result<OpenFolder> {
        let trash = match self.trash.strip_prefix(&self.vaults) {
            Ok(near) => {
                let vaults = OpenFolder::open(&self.vaults)?;
                let trash = vaults.make_child(near.as_os_str())?;
                vaults.sync()?;
                trash
            }
            Err(_) => OpenFolder::open_or_make(&self.trash)?,
        };
        trash.close_to_others()?;
        Ok(trash)
    }

    /// Every folder three levels down.
    fn everything(&self) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        let folders = |path: &Path| match OpenFolder::open(path).and_then(|folder| folder.folders()) {
            Ok(names) => Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failed("list", path)(error)),
        };
        for account in folders(&self.vaults)?.iter().filter(|name| !name.starts_with('.')) {
            let of_account = self.vaults.join(account);
            for region in folders(&of_account)? {
                let names = folders(&of_account.join(&region))?;
                places.extend(names.iter().map(|name| Place::new(account, &region, name)));
            }
        }
        Ok(places)
    }
}

/// The name of the folder in which the vault of a place is built.
fn building(place: &Place) -> String {
    format!(".{}{BUILDING}", place.name)
}

fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Storage { action, path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::repository::FileKind;

    #[derive(Debug)]
    struct Unlimited;

    impl Room for Unlimited {
        fn claim(&self, _bytes: u64) -> io::Result<()> {
            Ok(())
        }
        fn release(&self, _bytes: u64) {}
        fn make_way(&self, _bytes: u64) {}
    }

    /// Vaults and trash on one disk, or on two.
    fn places(disks: u64) -> (tempfile::TempDir, LocalPlaces) {
        let folder = tempfile::tempdir().unwrap();
        let (vaults, trash) = (folder.path().join("vaults"), folder.path().join("trash"));
        fs::create_dir_all(&vaults).unwrap();
        fs::create_dir_all(&trash).unwrap();
        let disk = |path: &Path| Some(if path.ends_with("vaults") { disks } else { 1 });
        let places = LocalPlaces::open_on(&vaults, &trash, Some(Arc::new(Unlimited)), disk);
        (folder, places)
    }

    fn place(name: &str) -> Place {
        Place::new("123456789012", "us-east-1", name)
    }

    fn make(places: &LocalPlaces, place: &Place) {
        let files = places.build(place).unwrap();
        files.prepare().unwrap();
        files.write_side("key.json", place.name.as_bytes()).unwrap();
        assert!(places.find(place).unwrap().is_none() && !places.is_taken(place).unwrap(), "it is built out of sight");
        places.finish(place).unwrap();
    }

    #[test]
    fn a_vault_appears_whole_goes_to_the_trash_and_from_there_for_good() {
        for disks in [1, 2] {
            let (folder, places) = places(disks);
            let place = place("nightly");
            make(&places, &place);
            let files = places.find(&place).unwrap().unwrap();
            assert_eq!(files.location(), places.location(&place));
            assert_eq!(files.read_side("key.json").unwrap().unwrap(), b"nightly");
            assert_eq!(places.all().unwrap(), std::slice::from_ref(&place));

            let grave = places.bury(&place, "grave").unwrap();
            assert!(places.find(&place).unwrap().is_none() && places.all().unwrap().is_empty());
            let trash = if disks == 1 { folder.path().join("trash") } else { folder.path().join("vaults/.trash") };
            assert!(trash.canonicalize().unwrap().join("grave/vaultdeck/key.json").exists(), "{disks}");
            // What lies there from a time of other disks is found too.
            for old in ["trash", "vaults/.trash"] {
                fs::create_dir_all(folder.path().join(old).join("old")).unwrap();
            }
            let graves = places.graves().unwrap();
            assert!(graves.len() == 3 && graves.contains(&grave), "{graves:?}");
            for grave in &graves {
                places.remove_grave(grave).unwrap();
            }
            assert!(places.graves().unwrap().is_empty());
            // The files of a vault that is gone are gone, not those of another one.
            make(&places, &place);
            assert!(files.confirm_place().is_err() && files.list(FileKind::Key).unwrap().is_empty());
        }
    }

    #[test]
    fn what_was_not_finished_is_built_anew_or_removed() {
        let (folder, places) = places(1);
        let place = place("nightly");
        for content in [&b"first"[..], b"second"] {
            places.build(&place).unwrap().write_side(&content.len().to_string(), content).unwrap();
        }
        assert!(places.all().unwrap().is_empty());
        places.finish(&place).unwrap();
        let files = places.find(&place).unwrap().unwrap();
        assert_eq!((files.read_side("5").unwrap(), files.read_side("6").unwrap().is_some()), (None, true));
        places.build(&self::place("left")).unwrap();
        places.remove_leftovers().unwrap();
        assert_eq!(fs::read_dir(folder.path().join("vaults/123456789012/us-east-1")).unwrap().count(), 1);
    }

    #[test]
    fn no_level_below_the_folder_of_vaults_is_reached_through_a_link() {
        for level in ["123456789012", "123456789012/us-east-1", "123456789012/us-east-1/nightly"] {
            let (folder, places) = places(1);
            let place = place("nightly");
            make(&places, &place);
            let (there, elsewhere) = (folder.path().join("vaults").join(level), folder.path().join("elsewhere"));
            fs::rename(&there, &elsewhere).unwrap();
            symlink(&elsewhere, &there).unwrap();
            let error = places.find(&place).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("is a symbolic link now"), "{level}: {error}");
            assert!(places.all().unwrap().is_empty());
            if !level.ends_with("nightly") {
                assert!(places.is_taken(&place).is_err() && places.build(&place).is_err(), "{level}");
                assert!(places.bury(&place, "grave").is_err() && places.finish(&place).is_err(), "{level}");
                continue;
            }
            // A link in a vault's own place goes to the trash itself, not what it leads to.
            assert!(places.is_taken(&place).unwrap());
            let grave = places.bury(&place, "grave").unwrap();
            places.remove_grave(&grave).unwrap();
            assert!(elsewhere.join("vaultdeck/key.json").exists());
        }
    }
}
