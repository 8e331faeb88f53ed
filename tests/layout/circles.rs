//! No two modules of one folder need each other, not even by way of others: knowledge goes one way.
//!
//! A module stands for all that lies in its folder. What a folder's own module names, and what names that, is left out: it
//! is the front of its folder, and what lies behind may know it. Names that a module gives on count for where they come from.

use super::paths::{Import, References, module_of, references_of_program, root, source_files};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Module = Vec<String>;

/// Which module names which.
struct Graph {
    modules: BTreeSet<Module>,
    /// What a module gives on under a name of its own.
    given_on: BTreeMap<(Module, String), Module>,
    edges: BTreeMap<Module, BTreeSet<Module>>,
}

#[test]
fn no_modules_need_each_other() {
    let files = source_files().into_iter().map(|file| {
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        (module_of(&file), text)
    });
    let graph = Graph::of(files);
    assert!(graph.edges.len() > 100, "the scanner found no paths at all");
    let circles = graph.circles();
    assert!(circles.is_empty(), "who needs whom:\n{}", circles.join("\n"));
}

#[test]
fn a_circle_is_found_however_it_is_closed() {
    let ways = [
        [("a", "use crate::b::B;"), ("b", "use crate::a::A;")],
        [("a", "use crate::b;\nfn f() { b::g() }"), ("b", "fn g() { super::a::f() }")],
        [("room/a", "use crate::room::{b::B, c};"), ("room/b", "use super::a;")],
        [("room/a/mod", "use crate::room::b::B;"), ("room/b", "use crate::room::a::deep::D;")],
        [("a", "pub use crate::c::C;\nuse crate::b::B;"), ("b", "use crate::a;\nfn f() { a::f() }")],
        [("room/a", "use crate::room::b::B;"), ("room/b", "use super::A;")],
    ];
    for way in ways {
        let front = [("room/mod", "mod a;\npub use a::A;\npub use serde::S;")];
        let files: Vec<_> = way.into_iter().chain(front).collect();
        assert_eq!(Graph::of_texts(&files).circles().len(), 1, "not found in {way:?}");
    }
    let through = [("a", "use crate::b::B;"), ("b", "use crate::c::C;"), ("c", "use crate::a::A;")];
    assert_eq!(Graph::of_texts(&through).circles().len(), 1);
}

#[test]
fn what_is_no_circle_is_not_taken_for_one() {
    let ways = [
        [("a", "use crate::b::B;"), ("b", "use crate::c::C;")],
        [("room/mod", "mod a;\npub struct R;\nfn f() { a::g() }"), ("room/a", "use crate::room::R;")],
        [("a", "use crate::b::B;"), ("b", "#[cfg(test)]\nmod tests { use crate::a::A; }")],
        [("a", "use crate::b::B;"), ("b", "//! See [`crate::a`].")],
        [("room/mod", "pub use b::B;\nuse a::A;"), ("room/a", "use crate::room::B;")],
    ];
    for way in ways {
        let circles = Graph::of_texts(&way).circles();
        assert!(circles.is_empty(), "{circles:?} in {way:?}");
    }
}

impl Graph {
    fn of_texts(files: &[(&str, &str)]) -> Self {
        Self::of(files.iter().map(|(file, text)| (module_of(Path::new(&format!("{file}.rs"))), (*text).to_owned())))
    }

    fn of(files: impl Iterator<Item = (Module, String)>) -> Self {
        let found: BTreeMap<Module, References> = files
            .filter(|(module, _)| !module.last().is_some_and(|name| name.ends_with("tests")))
            .map(|(module, text)| {
                let found = references_of_program(&module, &text);
                (module, found)
            })
            .collect();
        let modules =
            found.keys().flat_map(|module| (0..=module.len()).map(|length| module[..length].to_vec())).collect();
        let mut graph = Self { modules, given_on: BTreeMap::new(), edges: BTreeMap::new() };
        for (module, references) in &found {
            for import in references.imported.iter().filter(|import| import.is_public) {
                let (from, _) = graph.split(&import.path);
                graph.given_on.insert((module.clone(), import.name.clone()), from);
            }
        }
        for (module, references) in &found {
            let named = graph.named_by(module, references);
            graph.edges.insert(module.clone(), named);
        }
        graph
    }

    /// The modules that a module names.
    fn named_by(&self, module: &Module, references: &References) -> BTreeSet<Module> {
        let by_name = |path: &[String]| {
            let imported = |import: &&Import| path.len() > 1 && path.first() == Some(&import.name);
            let import = references.imported.iter().find(imported)?;
            Some(import.path.iter().chain(&path[1..]).cloned().collect::<Vec<String>>())
        };
        let inside = references.inside.iter().map(|(path, _)| path.clone());
        let outside = references.outside.iter().filter_map(|(path, _)| by_name(path));
        inside.chain(outside).map(|path| self.home(&path)).filter(|home| home != module).collect()
    }

    /// The module that a path leads into, and what follows.
    fn split<'a>(&self, path: &'a [String]) -> (Module, &'a [String]) {
        let length = (0..=path.len()).rev().find(|length| self.modules.contains(&path[..*length])).unwrap_or(0);
        (path[..length].to_vec(), &path[length..])
    }

    /// The module in which that stands to which a path leads, where one that only gives it on is named.
    fn home(&self, path: &[String]) -> Module {
        let (module, rest) = self.split(path);
        let given = rest.first().and_then(|name| self.given_on.get(&(module.clone(), name.clone())));
        given.cloned().unwrap_or(module)
    }

    /// One line for each folder in which modules need each other.
    fn circles(&self) -> Vec<String> {
        let folders: BTreeSet<&[String]> =
            self.modules.iter().filter_map(|m| m.split_last()).map(|(_, up)| up).collect();
        folders.into_iter().filter_map(|folder| self.circles_in(folder)).collect()
    }

    fn circles_in(&self, folder: &[String]) -> Option<String> {
        let child = |module: &Module| module.starts_with(folder).then(|| module.get(folder.len()).cloned()).flatten();
        let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, named) in &self.edges {
            let Some(from) = child(module) else { continue };
            needs.entry(from.clone()).or_default().extend(named.iter().filter_map(child).filter(|to| *to != from));
        }
        // Whoever needs nobody that is left, or is needed by nobody, is in no circle.
        loop {
            let needed: BTreeSet<String> = needs.values().flatten().cloned().collect();
            let before = needs.len();
            needs.retain(|name, _| needed.contains(name));
            let left: BTreeSet<String> = needs.keys().cloned().collect();
            needs.retain(|_, others| others.iter().any(|other| left.contains(other)));
            if needs.len() == before {
                break;
            }
        }
        let told = |(from, to): (&String, &BTreeSet<String>)| {
            let to: Vec<&str> = to.iter().filter(|to| needs.contains_key(*to)).map(String::as_str).collect();
            format!("{}::{from} → {}", folder.join("::"), to.join(", "))
        };
        (!needs.is_empty()).then(|| needs.iter().map(told).collect::<Vec<_>>().join("\n"))
    }
}
