//! The tree of an organization: one root, units below it, and every account in the root or in one unit.

use crate::domain::{Account, AccountId, RootId, UnitId};

/// How many units may lie one in another below the root.
pub const MAX_DEPTH: usize = 5;

/// The service whose administration can be delegated: AWS Backup.
pub const BACKUP_SERVICE: &str = "backup.amazonaws.com";

/// An organizational unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// The unit that it lies in; none directly below the root.
    pub parent: Option<UnitId>,
    /// Its name, which no other unit in the same place has.
    pub name: String,
}

/// The whole organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// `o-…`.
    pub organization: String,
    /// Its one root.
    pub root: RootId,
    /// All units, whatever they lie in.
    pub units: Vec<Unit>,
    /// All accounts; [`Account::unit`] says where each is.
    pub accounts: Vec<Account>,
}

/// `o-…/r-…/ou-…/ou-…/`: the place of a unit or account, as policies ask for it. `units` are those above, from the root down.
pub fn path<'a>(organization: &str, root: &RootId, units: impl IntoIterator<Item = &'a UnitId>) -> String {
    let mut path = format!("{organization}/{root}/");
    for unit in units {
        path.push_str(unit.as_str());
        path.push('/');
    }
    path
}

fn down_to<'a>(units: &'a [Unit], unit: Option<&UnitId>) -> Vec<&'a Unit> {
    let found = |id: &UnitId| units.iter().find(|unit| unit.id == *id);
    // No tree is deeper; a wrong answer of an endpoint may go in a circle.
    let above = std::iter::successors(unit.and_then(found), |unit| unit.parent.as_ref().and_then(found));
    let mut down: Vec<&Unit> = above.take(MAX_DEPTH).collect();
    down.reverse();
    down
}

/// The names of the units from below the root down to this one, with slashes: `Workloads/Production`; empty for the root. One
/// that is not among `units` has its id.
pub fn name_of(units: &[Unit], unit: Option<&UnitId>) -> String {
    let names: Vec<&str> = down_to(units, unit).iter().map(|unit| unit.name.as_str()).collect();
    if names.is_empty() { unit.map_or_else(String::new, UnitId::to_string) } else { names.join("/") }
}

impl Tree {
    /// The unit of an id.
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == *id)
    }

    /// The account of an id.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == *id)
    }

    /// The units that lie in a unit, or directly below the root.
    pub fn units_in<'a>(&'a self, parent: Option<&'a UnitId>) -> impl Iterator<Item = &'a Unit> {
        self.units.iter().filter(move |unit| unit.parent.as_ref() == parent)
    }

    /// The accounts that lie in a unit, or directly in the root.
    pub fn accounts_in<'a>(&'a self, parent: Option<&'a UnitId>) -> impl Iterator<Item = &'a Account> {
        self.accounts.iter().filter(move |account| account.unit.as_ref() == parent)
    }

    /// The units from directly below the root down to this one: empty for the root.
    pub fn down_to(&self, unit: Option<&UnitId>) -> Vec<&Unit> {
        down_to(&self.units, unit)
    }

    /// The place of what lies in a unit, as policies ask for it: `o-…/r-…/ou-…/`.
    pub fn path_of(&self, unit: Option<&UnitId>) -> String {
        path(&self.organization, &self.root, self.down_to(unit).into_iter().map(|unit| &unit.id))
    }

    /// The names of the units from below the root down to this one, with slashes: `Workloads/Production`.
    pub fn name_of(&self, unit: Option<&UnitId>) -> String {
        name_of(&self.units, unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(id: &str, parent: Option<&str>, name: &str) -> Unit {
        let parent = parent.map(|id| id.parse().unwrap());
        Unit { id: id.parse().unwrap(), parent, name: name.to_owned() }
    }

    fn tree(units: Vec<Unit>) -> Tree {
        Tree { organization: "o-abcdefghij".to_owned(), root: "r-abcd".parse().unwrap(), units, accounts: Vec::new() }
    }

    #[test]
    fn a_place_is_told_from_the_root_down() {
        let (upper, lower) = ("ou-abcd-11111111", "ou-abcd-22222222");
        let tree = tree(vec![unit(lower, Some(upper), "Production"), unit(upper, None, "Workloads")]);
        let lower: UnitId = lower.parse().unwrap();
        assert_eq!(tree.name_of(Some(&lower)), "Workloads/Production");
        assert_eq!(tree.name_of(None), "");
        assert_eq!(tree.path_of(Some(&lower)), "o-abcdefghij/r-abcd/ou-abcd-11111111/ou-abcd-22222222/");
        assert_eq!(tree.path_of(None), "o-abcdefghij/r-abcd/");
    }

    #[test]
    fn a_circle_ends() {
        let (one, other) = ("ou-abcd-11111111", "ou-abcd-22222222");
        let tree = tree(vec![unit(one, Some(other), "a"), unit(other, Some(one), "b")]);
        assert_eq!(tree.down_to(Some(&one.parse().unwrap())).len(), MAX_DEPTH);
    }
}
