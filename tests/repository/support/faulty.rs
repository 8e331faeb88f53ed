//! A storage in memory that fails as real ones do: seeded, and the same for the same seed.
//!
//! It keeps the contract of [`Storage`]: a write that was acknowledged is durable, one that was not is there whole or not at
//! all. Within that it is as hostile as it can be: errors after the deed was done, a disk that is full, a power cut in the
//! midst of a write, torn packs (an object store's leftovers), reads that fail once or are cut short, lists that lag behind.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use vaultdeck::repository::{Error, FileKind, Id, Properties, Result, Retained, Storage, check_side_name};

/// How often what goes wrong: parts of one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub read_errors: f64,
    pub short_reads: f64,
    pub write_errors: f64,
    /// Packs are not kept as they were given.
    pub rot: bool,
    /// How many more bytes the disk takes.
    pub room: Option<u64>,
}

type Files = BTreeMap<(FileKind, Id), Vec<u8>>;

pub struct FaultyStorage {
    state: Mutex<State>,
}

struct State {
    files: Files,
    config: Option<Vec<u8>>,
    side: BTreeMap<String, Vec<u8>>,
    random: u64,
    faults: Faults,
    /// Writes and removals until the power is cut.
    countdown: Option<u64>,
    power: bool,
    /// What lists do not show yet, or still show.
    hidden: BTreeSet<(FileKind, Id)>,
    /// Until when files are kept, whoever wants to remove them.
    retained: BTreeMap<(FileKind, Id), SystemTime>,
    mutations: u64,
}

impl FaultyStorage {
    pub fn new(seed: u64) -> Arc<Self> {
        Self::with(Files::new(), None, BTreeMap::new(), seed, 0)
    }

    fn with(
        files: Files,
        config: Option<Vec<u8>>,
        side: BTreeMap<String, Vec<u8>>,
        random: u64,
        mutations: u64,
    ) -> Arc<Self> {
        let state = State {
            files,
            config,
            side,
            random,
            faults: Faults::default(),
            countdown: None,
            power: true,
            hidden: BTreeSet::new(),
            retained: BTreeMap::new(),
            mutations,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Cuts the power in the midst of the next write or removal but `count`.
    pub fn cut_power_after(&self, count: u64) {
        self.state().countdown = Some(count);
    }

    /// Whether the power is on.
    pub fn has_power(&self) -> bool {
        self.state().power
    }

    /// How many writes and removals there were, before restarts too.
    pub fn mutations(&self) -> u64 {
        self.state().mutations
    }

    /// The same disk after a restart, working well.
    pub fn reboot(&self) -> Arc<Self> {
        let mut state = self.state();
        let seed = state.next();
        Self::with(state.files.clone(), state.config.clone(), state.side.clone(), seed, state.mutations)
    }

    /// Lets lists lag: they do not show this file.
    pub fn hide(&self, kind: FileKind, id: Id) {
        self.state().hidden.insert((kind, id));
    }

    /// The names of all files of a kind, lag or no lag.
    pub fn names(&self, kind: FileKind) -> BTreeSet<Id> {
        self.state().files.keys().filter(|(of, _)| *of == kind).map(|(_, id)| *id).collect()
    }

    /// Writes everything to a real folder, for restic.
    pub fn dump(&self, folder: &Path) {
        let storage = vaultdeck::repository::LocalStorage::new(folder);
        storage.prepare().unwrap();
        let state = self.state();
        storage.write_config(state.config.as_ref().unwrap()).unwrap();
        for ((kind, id), content) in &state.files {
            storage.write(*kind, id, content).unwrap();
        }
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn happens(&mut self, part: f64) -> bool {
        part > 0.0 && (self.next() >> 11) as f64 / ((1_u64 << 53) as f64) < part
    }

    fn need_power(&self, action: &'static str) -> Result<()> {
        if self.power { Ok(()) } else { Err(failure(action, io::Error::other("the power is off"))) }
    }

    /// Whether the power is cut now, in the midst of what is being done.
    fn is_cut(&mut self) -> bool {
        self.mutations += 1;
        match &mut self.countdown {
            Some(0) => {
                self.power = false;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    /// What a write that nobody acknowledges leaves behind.
    fn leave(&mut self, kind: FileKind, id: Id, content: &[u8]) {
        match self.next() % 3 {
            0 => drop(self.files.insert((kind, id), content.to_vec())),
            1 if kind == FileKind::Pack => {
                let length = (self.next() % content.len().max(1) as u64) as usize;
                self.files.insert((kind, id), content[..length].to_vec());
            }
            _ => {}
        }
    }
}

fn failure(action: &'static str, source: io::Error) -> Error {
    Error::Storage { action, path: PathBuf::from("faulty storage"), source }
}

impl Storage for FaultyStorage {
    fn location(&self) -> String {
        "faulty storage".into()
    }

    fn properties(&self) -> Properties {
        // A torn pack may be left by a write that failed.
        Properties { atomic_write: false, hidden_until_whole: true, max_parallel: 1, object_lock: true }
    }

    fn prepare(&self) -> Result<()> {
        self.state().need_power("create")
    }

    fn list(&self, kind: FileKind) -> Result<Vec<(Id, u64)>> {
        let state = self.state();
        state.need_power("list")?;
        let shown = state.files.iter().filter(|(key, _)| key.0 == kind && !state.hidden.contains(key));
        Ok(shown.map(|((_, id), content)| (*id, content.len() as u64)).collect())
    }

    fn read(&self, kind: FileKind, id: &Id) -> Result<Vec<u8>> {
        let mut state = self.state();
        state.need_power("read")?;
        let faults = state.faults;
        if state.happens(faults.read_errors) {
            return Err(failure("read", io::Error::other("input/output error")));
        }
        state.files.get(&(kind, *id)).cloned().ok_or(Error::NotFound { kind, id: *id })
    }

    fn read_range(&self, kind: FileKind, id: &Id, offset: u64, length: usize) -> Result<Vec<u8>> {
        let content = self.read(kind, id)?;
        let range = content.get(offset as usize..offset as usize + length);
        let mut range =
            range.ok_or_else(|| Error::damaged(format!("{kind} {id}"), "it is shorter than its index says"))?.to_vec();
        let mut state = self.state();
        let faults = state.faults;
        if state.happens(faults.short_reads) {
            // Against the contract, as a careless server would.
            let shorter = (state.next() % length.max(1) as u64) as usize;
            range.truncate(shorter);
        }
        Ok(range)
    }

    fn size(&self, kind: FileKind, id: &Id) -> Result<u64> {
        let state = self.state();
        state.need_power("read")?;
        state.files.get(&(kind, *id)).map(|content| content.len() as u64).ok_or(Error::NotFound { kind, id: *id })
    }

    fn write(&self, kind: FileKind, id: &Id, content: &[u8]) -> Result<()> {
        let mut state = self.state();
        state.need_power("write")?;
        if state.is_cut() {
            state.leave(kind, *id, content);
            return Err(failure("write", io::Error::other("the power was cut")));
        }
        let faults = state.faults;
        if state.happens(faults.write_errors) {
            state.leave(kind, *id, content);
            return Err(failure("write", io::Error::other("input/output error")));
        }
        if let Some(room) = &mut state.faults.room {
            let Some(left) = room.checked_sub(content.len() as u64) else {
                return Err(failure("write", ErrorKind::StorageFull.into()));
            };
            *room = left;
        }
        let mut content = content.to_vec();
        if faults.rot && kind == FileKind::Pack {
            content[0] ^= 1;
        }
        state.files.insert((kind, *id), content);
        Ok(())
    }

    fn write_all(&self, kind: FileKind, files: &[(Id, Vec<u8>)]) -> Result<()> {
        for (number, (id, content)) in files.iter().enumerate() {
            if let Err(error) = self.write(kind, id, content) {
                // Nothing says in which order the others came to the disk, or whether they did.
                let mut state = self.state();
                for (id, content) in &files[..number] {
                    state.files.remove(&(kind, *id));
                    state.leave(kind, *id, content);
                }
                for (id, content) in &files[number + 1..] {
                    state.leave(kind, *id, content);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn retain(&self, kind: FileKind, id: &Id, until: SystemTime) -> Result<Retained> {
        let mut state = self.state();
        state.need_power("retain")?;
        if !state.files.contains_key(&(kind, *id)) {
            return Err(Error::NotFound { kind, id: *id });
        }
        let kept = state.retained.entry((kind, *id)).or_insert(until);
        *kept = until.max(*kept);
        Ok(Retained::Kept)
    }

    fn remove(&self, kind: FileKind, id: &Id) -> Result<()> {
        let mut state = self.state();
        state.need_power("remove")?;
        if state.retained.get(&(kind, *id)).is_some_and(|until| *until > SystemTime::now()) {
            return Err(failure("remove", ErrorKind::PermissionDenied.into()));
        }
        if state.is_cut() {
            if state.next().is_multiple_of(2) {
                state.files.remove(&(kind, *id));
            }
            return Err(failure("remove", io::Error::other("the power was cut")));
        }
        state.files.remove(&(kind, *id)).map(drop).ok_or(Error::NotFound { kind, id: *id })
    }

    fn set_aside(&self, kind: FileKind, id: &Id) -> Result<()> {
        self.remove(kind, id)
    }

    fn set_config_aside(&self) -> Result<()> {
        let mut state = self.state();
        state.need_power("write")?;
        state.config = None;
        Ok(())
    }

    fn list_side(&self, folder: &str) -> Result<Option<Vec<String>>> {
        check_side_name(folder)?;
        let state = self.state();
        state.need_power("list")?;
        let in_folder = |name: &String| {
            let (of, last) = name.rsplit_once('/')?;
            (of == folder).then(|| last.to_owned())
        };
        let names: Vec<String> = state.side.keys().filter_map(in_folder).collect();
        Ok((!names.is_empty()).then_some(names))
    }

    fn read_side(&self, name: &str) -> Result<Option<Vec<u8>>> {
        check_side_name(name)?;
        let state = self.state();
        state.need_power("read")?;
        Ok(state.side.get(name).cloned())
    }

    fn write_side(&self, name: &str, content: &[u8]) -> Result<()> {
        check_side_name(name)?;
        let mut state = self.state();
        state.need_power("write")?;
        if state.is_cut() {
            if state.next().is_multiple_of(2) {
                state.side.insert(name.to_owned(), content.to_vec());
            }
            return Err(failure("write", io::Error::other("the power was cut")));
        }
        state.side.insert(name.to_owned(), content.to_vec());
        Ok(())
    }

    fn write_side_all(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        files.iter().try_for_each(|(name, _)| check_side_name(name))?;
        files.iter().try_for_each(|(name, content)| self.write_side(name, content))
    }

    fn remove_side_all(&self, names: &[String]) -> Result<()> {
        names.iter().try_for_each(|name| check_side_name(name))?;
        let mut state = self.state();
        for name in names {
            state.need_power("remove")?;
            if state.is_cut() {
                return Err(failure("remove", io::Error::other("the power was cut")));
            }
            state.side.remove(name);
        }
        Ok(())
    }

    fn set_side_aside(&self, name: &str) -> Result<Option<String>> {
        check_side_name(name)?;
        let mut state = self.state();
        state.need_power("write")?;
        let Some(content) = state.side.remove(name) else { return Ok(None) };
        let last = name.rsplit('/').next().unwrap_or(name);
        let free = (0..).map(|number| if number == 0 { last.to_owned() } else { format!("{last}.{number}") });
        let mut names = free.map(|name| format!("damaged/{name}"));
        let aside = names.find(|name| !state.side.contains_key(name)).unwrap();
        state.side.insert(aside.clone(), content);
        Ok(Some(aside))
    }

    fn read_config(&self) -> Result<Option<Vec<u8>>> {
        let state = self.state();
        state.need_power("read")?;
        Ok(state.config.clone())
    }

    fn write_config(&self, content: &[u8]) -> Result<()> {
        let mut state = self.state();
        state.need_power("write")?;
        state.config = Some(content.to_vec());
        Ok(())
    }
}
