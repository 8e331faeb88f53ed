//! The property: any file of a vault may be damaged in any way. A check names it, or what it costs; what it did not hold
//! restores; the next backup completes and is exactly the source; nothing is deleted; and what a repair leaves is only what
//! is really lost. On the whole engine, over every file of a vault of each shape.
//!
//! `VAULTDECK_DAMAGE_SEED=N` runs one drawn damage, `VAULTDECK_DAMAGES=N` so many of them; from 500 on every file also
//! suffers each of the systematic damages, and not only one of them in turn.

mod round;
mod shapes;

use crate::wounds::{Dice, Way};
use round::{Course, Round};
use shapes::Shape;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// How many damages are drawn, unless the environment says otherwise.
const DAMAGES: u64 = 120;
/// From so many on nothing is left out.
const ALL_DAMAGES: u64 = 500;
/// restic looks at each of so many.
const RESTIC_EVERY: u64 = 25;

/// The shapes, as long as a test of these holds them: what a static holds is never dropped, and each lies in a folder.
static SHARED: Mutex<Weak<Vec<Shape>>> = Mutex::new(Weak::new());

/// Every shape, made once for the tests that run at the same time.
fn shapes() -> Arc<Vec<Shape>> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let made = Arc::new(Shape::all());
        *shared = Arc::downgrade(&made);
        made
    })
}

/// Calls `round` with each number below `count`, on two threads; which of them failed, each having said itself why.
fn failures(count: usize, round: impl Fn(usize) + Sync) -> Vec<usize> {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    if catch_unwind(AssertUnwindSafe(|| round(number))).is_err() {
                        failed.lock().unwrap().push(number);
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn no_damage_to_any_file_makes_a_later_recovery_point_hollow() {
    let seeds = match number("VAULTDECK_DAMAGE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("VAULTDECK_DAMAGES").unwrap_or(DAMAGES),
    };
    println!("seeds {seeds:?}");
    let shapes = shapes();
    let failed = failures((seeds.end - seeds.start) as usize, |number| {
        let seed = seeds.start + number as u64;
        let shape = &shapes[seed as usize % shapes.len()];
        let mut dice = Dice(seed);
        let course = Course::drawn(&mut dice, seed % RESTIC_EVERY == seed / RESTIC_EVERY % RESTIC_EVERY);
        let drawn = |files: &[PathBuf]| {
            let victim = dice.below(files.len() as u64) as usize;
            Some((victim, dice.way(files, victim)))
        };
        Round::begin(shape, course, &format!("seed {seed}"), drawn).unwrap().judge(course);
    });
    let failed: Vec<u64> = failed.into_iter().map(|number| seeds.start + number as u64).collect();
    assert_eq!(failed, Vec::<u64>::new(), "failed seeds");
}

/// What is done to every file.
const WAYS: [&str; 3] = ["delete", "empty", "flip the middle"];

fn way(name: &str, file: &std::path::Path) -> Way {
    let length = std::fs::metadata(file).unwrap().len();
    match name {
        "delete" => Way::Delete,
        "empty" => Way::Empty,
        _ => Way::Flip { at: length / 2, bit: 0 },
    }
}

#[test]
fn every_file_of_a_vault_of_each_shape_may_be_deleted_emptied_or_flipped() {
    let shapes = shapes();
    let mut rounds: Vec<(usize, usize, &str)> = Vec::new();
    for (number, shape) in shapes.iter().enumerate() {
        let bench = shape.copy();
        let files = round::files(&crate::checks::vault(&bench)).len();
        rounds.extend((0..files).flat_map(|file| WAYS.map(|way| (number, file, way))));
    }
    if self::number("VAULTDECK_DAMAGES").is_none_or(|damages| damages < ALL_DAMAGES) {
        // Of the three rounds of the file of each number one, another one for the next file.
        let mut round = 0..;
        rounds.retain(|_| round.next().is_some_and(|round| round % 3 == round / 3 % 3));
    }
    println!("{} rounds", rounds.len());
    let failed = failures(rounds.len(), |number| {
        let (shape, file, name) = rounds[number];
        let course = Course {
            live: false,
            proven: number % 2 == 0,
            repaired_first: number % 3 == 0,
            reopened: false,
            restic: false,
        };
        let drawn = |files: &[PathBuf]| files.get(file).map(|path| (file, way(name, path)));
        Round::begin(&shapes[shape], course, &format!("round {number}"), drawn).unwrap().judge(course);
    });
    assert_eq!(failed, Vec::<usize>::new(), "failed rounds");
}
