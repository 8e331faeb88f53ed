//! What is repacked, by figures alone.

use super::*;

const PACK: u64 = 16 << 20;

/// Bytes that one collection copies at most, in a test.
fn rule(bytes: u64) -> RepackRule {
    RepackRule { unused_percent: 5, bytes, bytes_at_once: 1 << 40 }
}

fn id(number: u64) -> Id {
    Id::of(&number.to_le_bytes())
}

/// A pack of the usual size of which so many percent are needed.
fn full(percent: u64) -> PackUse {
    let needed = PACK * percent / 100;
    PackUse { size: PACK + crate::repository::pack::FRAME, needed, held: needed, trees: false, wounded: false }
}

/// A pack of so many bytes, all needed.
fn small(bytes: u64) -> PackUse {
    PackUse { size: bytes + crate::repository::pack::FRAME, needed: bytes, held: bytes, trees: false, wounded: false }
}

fn usage(packs: &[PackUse]) -> Usage {
    Usage::of_packs(packs.iter().zip(0..).map(|(pack, number)| (id(number), *pack)).collect())
}

/// The numbers of the packs that are repacked, all steps together.
fn chosen(plan: &Plan) -> BTreeSet<u64> {
    let packs: BTreeSet<Id> = plan.steps.iter().flatten().copied().collect();
    (0..1000).filter(|number| packs.contains(&id(*number))).collect()
}

fn plan(packs: &[PackUse], bytes: u64) -> Plan {
    choose(&usage(packs), &rule(bytes), PACK, |_| true)
}

#[test]
fn while_little_is_unused_nothing_is_repacked() {
    assert_eq!(plan(&[full(100), full(91), full(100)], 1 << 40), Plan::default());
    assert_eq!(plan(&[], 1 << 40), Plan::default());
}

#[test]
fn those_of_which_the_most_is_unused_go_until_little_enough_is() {
    let packs = [full(100), full(30), full(97), full(60), full(99)];
    assert_eq!(chosen(&plan(&packs, 1 << 40)), [1, 3].into(), "then 4 % of 386 % are left");
    let by_one_percent = RepackRule { unused_percent: 1, ..rule(1 << 40) };
    assert_eq!(chosen(&choose(&usage(&packs), &by_one_percent, PACK, |_| true)), [1, 2, 3].into());
}

#[test]
fn a_pack_of_which_all_lies_elsewhere_goes_however_little_that_is() {
    let mut packs = vec![full(100); 200];
    packs[7] = PackUse { needed: 0, ..small(1000) };
    assert_eq!(chosen(&plan(&packs, 1 << 40)), [7].into());
}

#[test]
fn one_collection_does_its_share_and_says_that_there_is_more() {
    let packs = vec![full(50); 10];
    let first = plan(&packs, PACK * 2);
    assert_eq!((chosen(&first).len(), first.unfinished), (4, true));
    assert_eq!(chosen(&plan(&packs, 1)).len(), 1, "one in any case");
    assert!(!plan(&packs, 1 << 40).unfinished);
}

#[test]
fn a_step_takes_no_more_room_than_it_may() {
    let packs = vec![full(50); 10];
    let rule = RepackRule { bytes_at_once: PACK, ..rule(1 << 40) };
    let plan = choose(&usage(&packs), &rule, PACK, |_| true);
    assert_eq!(plan.steps.iter().map(BTreeSet::len).collect::<Vec<_>>(), [2, 2, 2, 2, 2]);
}

#[test]
fn a_pack_that_is_young_is_left_and_no_other_is_repacked_in_its_place() {
    let packs = [full(20), full(95), full(100)];
    let plan = choose(&usage(&packs), &rule(1 << 40), PACK, |pack| *pack != id(0));
    assert_eq!((chosen(&plan), plan.guarded), (BTreeSet::new(), [id(0)].into()));
}

#[test]
fn a_damaged_pack_is_left_and_so_is_one_that_nothing_needs_or_that_is_gone() {
    let damaged = PackUse { wounded: true, ..full(10) };
    let dead = PackUse { needed: 0, held: 0, ..full(0) };
    let gone = PackUse { size: 0, ..full(10) };
    assert_eq!(plan(&[damaged, dead, gone, full(100)], 1 << 40), Plan::default());
}

#[test]
fn small_packs_are_merged_when_they_fill_one_or_are_many() {
    let mebibytes = |count, size: u64| vec![small(size << 20); count];
    assert_eq!(plan(&mebibytes(5, 3), 1 << 40), Plan::default(), "15 MiB");
    assert_eq!(chosen(&plan(&mebibytes(6, 3), 1 << 40)).len(), 6);
    assert_eq!(plan(&mebibytes(20, 4), 1 << 40), Plan::default(), "a quarter of a pack is not small");
    assert_eq!(plan(&vec![small(1000); 49], 1 << 40), Plan::default());
    assert_eq!(chosen(&plan(&vec![small(1000); 50], 1 << 40)).len(), 50);
    // Folders are counted apart, since they never share a pack with data.
    let mut both = mebibytes(6, 3);
    both[..3].iter_mut().for_each(|pack| pack.trees = true);
    assert_eq!(plan(&both, 1 << 40), Plan::default());
    let young = choose(&usage(&mebibytes(6, 3)), &rule(1 << 40), PACK, |pack| *pack != id(0));
    assert_eq!((chosen(&young), young.guarded), (BTreeSet::new(), BTreeSet::new()), "it can wait");
}
