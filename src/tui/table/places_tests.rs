//! The columns of every table at every width.

use super::*;
use crate::domain::KnownPoint;
use crate::domain::deed::Deed;
use crate::domain::extension::Item;
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::plan::PlanSummary;
use crate::domain::vault::Vault;
use crate::tui::screens::{accounts, problems, resources};
use crate::tui::table::{MOST_COLUMNS, Record};
use proptest::prelude::*;

/// A column without its record's type.
#[derive(Debug, Clone, Copy)]
struct Shape {
    title: &'static str,
    minimum: u16,
    ideal: u16,
    priority: u8,
    grows: bool,
    when: When,
}

fn shapes<T: Record>() -> Vec<Shape> {
    let shape = |column: &Column<T>| Shape {
        title: column.title,
        minimum: column.minimum,
        ideal: column.ideal,
        priority: column.priority,
        grows: column.grows,
        when: column.when,
    };
    T::columns().iter().map(shape).collect()
}

fn tables() -> Vec<(&'static str, Vec<Shape>)> {
    vec![
        ("vaults", shapes::<Vault>()),
        ("points", shapes::<KnownPoint>()),
        ("plans", shapes::<PlanSummary>()),
        ("backup jobs", shapes::<BackupJob>()),
        ("copy jobs", shapes::<CopyJob>()),
        ("restore jobs", shapes::<RestoreJob>()),
        ("accounts", shapes::<accounts::Row>()),
        ("resources", shapes::<resources::Row>()),
        ("activity", shapes::<Deed>()),
        ("problems", shapes::<problems::Problem>()),
        ("files", shapes::<Item>()),
    ]
}

fn placed(shapes: &[Shape], many: bool, widest: &[u16], width: u16) -> Vec<(usize, u16, u16)> {
    let columns: Vec<Column<()>> = shapes
        .iter()
        .map(|shape| {
            let cell = |(): &(), _: &crate::tui::world::World| crate::tui::table::Cell::plain("");
            let column = Column::new(shape.title, shape.minimum, shape.ideal, cell).priority(shape.priority);
            let column = if shape.grows { column.grows() } else { column };
            column.when(shape.when)
        })
        .collect();
    let order: Vec<usize> = (0..columns.len()).collect();
    places(&columns, &order, |_, when| many || when == When::Always, widest, width)
}

/// Titles of ids: worth their room only when all else has its own.
const IDS: [&str; 3] = ["ID", "KEY", "RECOVERY POINT"];
/// Titles of texts that say why: they have their room before the columns that matter less.
const REASONS: [&str; 3] = ["WHY", "MESSAGE", "DETAIL"];
const LESSER: [&str; 6] = ["SIZE", "TOOK", "TYPE", "AGE", "CALLS", "STORAGE"];

#[test]
fn no_table_has_more_columns_than_are_measured_and_each_title_fits_its_column() {
    for (name, shapes) in tables() {
        assert!(shapes.len() <= MOST_COLUMNS, "{name}");
        for shape in shapes {
            assert!(shape.title.len() <= usize::from(shape.minimum), "{name}: {}", shape.title);
        }
    }
}

#[test]
fn ids_give_way_first_and_reasons_after_sizes_and_types() {
    for (name, shapes) in tables() {
        let last = shapes.iter().map(|shape| shape.priority).max().unwrap();
        for id in shapes.iter().filter(|shape| IDS.contains(&shape.title)) {
            assert_eq!(id.priority, last, "{name}: {} gives way first", id.title);
        }
        for reason in shapes.iter().filter(|shape| REASONS.contains(&shape.title)) {
            assert!(reason.grows && reason.minimum >= 20, "{name}: {} has room to be read", reason.title);
            for lesser in shapes.iter().filter(|shape| LESSER.contains(&shape.title)) {
                assert!(lesser.priority > reason.priority, "{name}: {} before {}", lesser.title, reason.title);
            }
        }
    }
}

#[test]
fn each_priority_belongs_to_one_column() {
    for (name, shapes) in tables() {
        let mut taken: Vec<u8> = shapes.iter().map(|shape| shape.priority).filter(|priority| *priority > 0).collect();
        taken.sort_unstable();
        let all = taken.len();
        taken.dedup();
        assert_eq!(taken.len(), all, "{name}");
    }
}

/// What must hold of every table, whatever its texts are and whatever the width is.
fn check(name: &str, shapes: &[Shape], many: bool, widest: &[u16], width: u16) {
    let shown = placed(shapes, many, widest, width);
    let said = format!("{name} in {width}, widest {widest:?}: {shown:?}");
    let mut end = 0;
    for (index, x, wide) in &shown {
        assert!(*x >= end && x + wide <= width, "columns overlap or leave the table: {said}");
        end = x + wide + GAP;
        let fits =
            shapes.iter().filter(|shape| shape.priority == 0).map(|shape| shape.minimum + GAP).sum::<u16>() <= width;
        let shape = &shapes[*index];
        let texts = if widest[*index] == 0 { shape.title.len() as u16 } else { widest[*index] };
        assert!(!fits || *wide >= shape.minimum.min(texts), "{} is of no use: {said}", shape.title);
        assert!(*wide <= texts, "{} is wider than its texts: {said}", shape.title);
    }
    let rank = |index: usize| match (widest[index], shapes[index].priority) {
        (_, 0) => 0,
        (0, _) => u8::MAX,
        (_, priority) => priority,
    };
    let is_shown = |index: usize| shown.iter().any(|(other, ..)| *other == index);
    let applies = |index: &usize| many || shapes[*index].when == When::Always;
    let last_shown = (0..shapes.len()).filter(|index| is_shown(*index)).map(rank).max().unwrap_or(0);
    for hidden in (0..shapes.len()).filter(applies).filter(|index| !is_shown(*index) && rank(*index) > 0) {
        assert!(last_shown <= rank(hidden), "{} gave way too soon: {said}", shapes[hidden].title);
    }
    for (index, _, wide) in shown.iter().filter(|(index, ..)| shapes[*index].grows && widest[*index] > 0) {
        let wish = shapes[*index].ideal.max(shapes[*index].minimum).min(widest[*index]);
        assert!(
            *wide >= wish || last_shown <= rank(*index),
            "{} is cut beside lesser ones: {said}",
            shapes[*index].title
        );
    }
}

#[test]
fn at_every_width_what_is_long_has_its_room_and_the_least_gives_way_first() {
    for (name, shapes) in tables() {
        for width in 10..=400 {
            for many in [false, true] {
                let long: Vec<u16> = shapes.iter().map(|shape| shape.ideal * 2).collect();
                let short: Vec<u16> = shapes.iter().map(|shape| shape.title.len() as u16).collect();
                let blank = vec![0; shapes.len()];
                for widest in [long, short, blank] {
                    check(name, &shapes, many, &widest, width);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_the_texts_are(
        table in 0..tables().len(),
        many: bool,
        widest in prop::collection::vec(prop_oneof![Just(0), 1..12_u16, 1..120_u16], MOST_COLUMNS),
        width in 10..300_u16,
    ) {
        let (name, shapes) = tables().swap_remove(table);
        // What is measured is at least as wide as its title.
        let measured = |(shape, wide): (&Shape, &u16)| if *wide == 0 { 0 } else { (*wide).max(shape.title.len() as u16) };
        let widest: Vec<u16> = shapes.iter().zip(&widest).map(measured).collect();
        check(name, &shapes, many, &widest, width);
    }
}
