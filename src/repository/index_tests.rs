//! The index: lookups, losses, merges, and what it costs.

use super::*;
use crate::repository::Error;

fn blob(name: u32, kind: BlobKind, uncompressed_length: Option<u32>) -> IndexBlob {
    IndexBlob { id: Id::of(&name.to_le_bytes()), kind, offset: name, length: 40 + name, uncompressed_length }
}

fn pack(name: u32, blobs: Vec<IndexBlob>) -> IndexPack {
    IndexPack { id: Id::of(format!("pack {name}").as_bytes()), blobs }
}

#[test]
fn blobs_are_found_before_and_after_merging() {
    let mut index = Index::new();
    let blobs = vec![blob(1, BlobKind::Data, None), blob(2, BlobKind::Tree, Some(0)), blob(3, BlobKind::Data, Some(9))];
    let whole = pack(1, blobs.clone());
    index.add(&whole);
    for _ in 0..2 {
        for blob in &blobs {
            let found = index.find(blob.kind, &blob.id).unwrap();
            let expected = Location {
                pack: whole.id,
                offset: blob.offset,
                length: blob.length,
                uncompressed_length: blob.uncompressed_length,
            };
            assert_eq!(found, expected);
        }
        assert!(!index.contains(BlobKind::Tree, &blobs[0].id), "the kind belongs to the name");
        assert!(!index.contains(BlobKind::Data, &Id::of(b"nothing")));
        index.merge();
    }
    assert_eq!(index.find(BlobKind::Data, &blobs[0].id).unwrap().content_length(), 41 - 32);
}

#[test]
fn a_further_place_and_a_lost_one_are_moves_and_a_new_blob_is_none() {
    let twice = blob(7, BlobKind::Data, None);
    for merged in [false, true] {
        let mut index = Index::new();
        index.add(&pack(1, vec![twice]));
        index.add(&pack(2, vec![blob(8, BlobKind::Tree, None)]));
        assert_eq!(index.moves(), 0);
        if merged {
            index.merge();
        }
        index.add(&pack(3, vec![twice]));
        assert_eq!(index.moves(), 1);
        index.remove_packs(&HashSet::from([pack(3, Vec::new()).id]));
        assert_eq!(index.moves(), 2);
        index.replace(Index::new());
        assert_eq!(index.moves(), 3);
    }
}

#[test]
fn a_blob_in_two_packs_survives_the_loss_of_one() {
    let twice = blob(7, BlobKind::Data, None);
    let (first, second) = (pack(1, vec![twice]), pack(2, vec![twice, blob(8, BlobKind::Data, None)]));
    for merged_between in [false, true] {
        let mut index = Index::new();
        index.add(&first);
        if merged_between {
            index.merge();
        }
        index.add(&second);
        assert_eq!(index.find_all(BlobKind::Data, &twice.id).len(), 2);
        index.remove_packs(&HashSet::from([first.id]));
        assert_eq!(index.find(BlobKind::Data, &twice.id).unwrap().pack, second.id);
        index.remove_packs(&HashSet::from([second.id]));
        assert!(index.is_empty() && !index.contains_pack(&second.id));
    }
}

#[test]
fn a_lost_place_is_not_counted_on_and_is_still_the_last_to_be_read() {
    let twice = blob(7, BlobKind::Data, None);
    let (first, second) = (pack(1, vec![twice]), pack(2, vec![blob(8, BlobKind::Data, None), twice]));
    let mut index = Index::new();
    index.add(&first);
    index.add(&second);
    index.lose_places(&second.id, [twice.offset]);
    assert_eq!(index.find(BlobKind::Data, &twice.id).unwrap().pack, first.id);
    assert!(index.contains(BlobKind::Data, &second.blobs[0].id), "its neighbour is not lost");
    assert_eq!(index.lost_blobs(), [], "it lies whole in another pack");
    index.lose_pack(&first.id);
    assert!(!index.contains(BlobKind::Data, &twice.id));
    assert_eq!(index.find_all(BlobKind::Data, &twice.id).len(), 2);
    assert_eq!(index.lost_blobs().iter().map(|(_, id, _)| *id).collect::<Vec<_>>(), [twice.id]);
    assert_eq!(index.wounded(), [first.id, second.id]);
    index.regain_pack(&second.id);
    assert_eq!(index.find(BlobKind::Data, &twice.id).unwrap().pack, second.id);
    index.remove_packs(&HashSet::from([first.id]));
    assert_eq!(index.wounded(), []);
}

#[test]
fn packs_that_come_at_once_give_the_same_index() {
    let packs = [
        pack(1, vec![blob(3, BlobKind::Data, None), blob(1, BlobKind::Tree, Some(4))]),
        pack(2, vec![blob(3, BlobKind::Data, None)]),
    ];
    let twice = packs.iter().chain(&packs[..1]).cloned();
    let index = Index::of(twice.map(Ok::<_, Error>)).unwrap();
    assert_eq!(index.len(), 3);
    assert_eq!(index.find_all(BlobKind::Data, &Id::of(&3u32.to_le_bytes())).len(), 2);
    assert!(index.contains(BlobKind::Tree, &Id::of(&1u32.to_le_bytes())));
}

#[test]
fn many_blobs_stay_small() {
    assert_eq!(size_of::<Entry>(), 48);
    let mut index = Index::new();
    for number in 0..100 {
        index.add(&pack(
            number,
            (0..1000).map(|blob_number| blob(number * 1000 + blob_number, BlobKind::Data, None)).collect(),
        ));
    }
    assert_eq!(index.len(), 100_000);
    assert!(index.sorted.len() > MERGE_AT);
    assert!((0..100_000u32).all(|number| index.contains(BlobKind::Data, &Id::of(&number.to_le_bytes()))));
}
