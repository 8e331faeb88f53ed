//! Does everything fit together: index files, packs, snapshots, folders.

use std::collections::{BTreeMap, HashMap};

use super::Findings;
use crate::repository::item_path::{escape, is_name};
use crate::repository::{
    BlobKind, Control, Error, FileKind, Id, IndexBlob, IndexFile, Repository, Result, Snapshot, Tree,
};

const INDEX_ADVICE: &str = "run `restic rebuild-index` with the recovery key: the packs carry the same facts";
const PACK_ADVICE: &str = "bring the pack back from a copy of the vault; until then the snapshots that are named restore without what it held";
const SNAPSHOT_ADVICE: &str = "bring the file back from a copy of the vault; the other snapshots do not depend on it";
const LOCK_ADVICE: &str = "nothing is lost by it; `restic unlock --remove-all` removes it";
const TREE_ADVICE: &str =
    "restore what else the snapshot holds; the next backup stores the folder again if the source still has it";

impl Repository {
    /// Reads every index file anew, and answers the blobs of each pack in the order of their offsets.
    pub(super) fn check_index(&self, findings: &Findings) -> Result<BTreeMap<Id, Vec<IndexBlob>>> {
        let mut packs: BTreeMap<Id, Vec<IndexBlob>> = BTreeMap::new();
        for (id, _) in self.storage().list(FileKind::Index)? {
            let file = self.load_unpacked(FileKind::Index, &id).and_then(|json| IndexFile::from_json(&id, &json));
            match file {
                Ok(file) => {
                    for mut pack in file.packs {
                        pack.blobs.sort_by_key(|blob| blob.offset);
                        packs.entry(pack.id).or_insert(pack.blobs);
                    }
                }
                Err(error) => findings.problem(format!("index file {id}"), error, INDEX_ADVICE),
            }
        }
        findings.change(|outcome| {
            outcome.packs = packs.len() as u64;
            outcome.blobs = packs.values().map(|blobs| blobs.len() as u64).sum();
        });
        Ok(packs)
    }

    /// Looks at the locks: one that cannot be read says nothing about who works here.
    pub(super) fn check_locks(&self, findings: &Findings) -> Result<()> {
        for (id, _) in self.storage().list(FileKind::Lock)? {
            match self.load_unpacked(FileKind::Lock, &id) {
                // Released since it was listed.
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => findings.problem(format!("lock {id}"), error, LOCK_ADVICE),
            }
        }
        Ok(())
    }

    pub(super) fn check_packs_are_there(
        indexed: &BTreeMap<Id, Vec<IndexBlob>>,
        sizes: &BTreeMap<Id, u64>,
        findings: &Findings,
    ) {
        for (pack, blobs) in indexed {
            let needed = blobs.iter().map(|blob| u64::from(blob.offset) + u64::from(blob.length)).max().unwrap_or(0);
            let problem = match sizes.get(pack) {
                None => "it is missing".to_owned(),
                Some(&size) if size < needed => format!("it has {size} bytes and its blobs need {needed}"),
                Some(_) => continue,
            };
            findings.problem(format!("pack {pack}"), problem, PACK_ADVICE);
        }
        for pack in sizes.keys().filter(|pack| !indexed.contains_key(pack)) {
            findings.change(|outcome| {
                outcome.notes.push(format!(
                    "pack {pack} is in no index: left by an interrupted backup; the next start adopts or reports it"
                ));
            });
        }
    }

    pub(super) fn check_snapshots(&self, findings: &Findings, control: &Control) -> Result<()> {
        let mut walk = Walk { repository: self, findings, control, whole: HashMap::new() };
        for (id, _) in self.storage().list(FileKind::Snapshot)? {
            control.check()?;
            findings.change(|outcome| outcome.snapshots += 1);
            let snapshot: Result<Snapshot> = self.load_snapshot(&id);
            let whole = match snapshot {
                Ok(snapshot) => walk.tree(&snapshot.tree)?,
                Err(error) => {
                    findings.problem(format!("snapshot {id}"), error, SNAPSHOT_ADVICE);
                    false
                }
            };
            if !whole {
                findings.change(|outcome| outcome.affected.extend([id]));
            }
        }
        Ok(())
    }
}

/// Walks folders; each different one once.
struct Walk<'a> {
    repository: &'a Repository,
    findings: &'a Findings,
    control: &'a Control,
    /// Whether a folder, and all below it, can be restored.
    whole: HashMap<Id, bool>,
}

/// A folder whose subfolders are being walked.
struct Frame {
    id: Id,
    subtrees: std::vec::IntoIter<Id>,
    whole: bool,
}

impl Walk<'_> {
    /// Whether the folder and all below it can be restored.
    fn tree(&mut self, root: &Id) -> Result<bool> {
        let mut stack = Vec::new();
        let mut last = self.enter(root, &mut stack);
        loop {
            self.control.check()?;
            let Some(frame) = stack.last_mut() else { return Ok(last) };
            frame.whole &= last;
            if let Some(subtree) = frame.subtrees.next() {
                last = self.enter(&subtree, &mut stack);
            } else {
                last = frame.whole;
                self.whole.insert(frame.id, last);
                stack.pop();
            }
        }
    }

    /// Looks at one folder. Its subfolders wait on the stack; the answer is about what is known already.
    fn enter(&mut self, id: &Id, stack: &mut Vec<Frame>) -> bool {
        if let Some(&whole) = self.whole.get(id) {
            return whole;
        }
        let tree = match self.repository.load_tree(id) {
            Ok(tree) => tree,
            Err(error) => {
                self.findings.problem_inside(format!("folder {id}"), error, TREE_ADVICE);
                self.whole.insert(*id, false);
                return false;
            }
        };
        self.findings.change(|outcome| outcome.trees += 1);
        let whole = self.nodes_are_whole(id, &tree);
        let subtrees: Vec<Id> = tree.nodes.iter().filter_map(|node| node.subtree).collect();
        stack.push(Frame { id: *id, subtrees: subtrees.into_iter(), whole });
        true
    }

    fn nodes_are_whole(&self, id: &Id, tree: &Tree) -> bool {
        let mut whole = true;
        let mut fault = |name: &[u8], problem: &str| {
            whole = false;
            self.findings.problem_inside(format!("{} in folder {id}", escape(name)), problem, TREE_ADVICE);
        };
        let index = self.repository.index();
        for node in &tree.nodes {
            if !is_name(&node.name) {
                fault(&node.name, "its name is not one that a file can have");
            }
            if node.is_directory() && node.subtree.is_none() {
                fault(&node.name, "it is a folder without content");
            }
            let (mut size, mut missing) = (0, 0_usize);
            for blob in &node.content {
                match index.find_sound(BlobKind::Data, blob) {
                    Some(location) => size += u64::from(location.content_length()),
                    None => missing += 1,
                }
            }
            if missing > 0 {
                fault(&node.name, &format!("{missing} of its pieces cannot be read"));
            } else if node.is_file() && size != node.size {
                fault(&node.name, &format!("its pieces make {size} bytes and it should have {}", node.size));
            }
        }
        whole
    }
}
