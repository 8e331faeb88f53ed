//! The sample organization's volumes: sparse images of which a few pages change each day.

use super::files::Random;
use super::organization::{DATA, PRODUCTION};
use super::{Result, failed};
use crate::domain::extension::AddResource;
use crate::domain::types::Location;
use crate::engine::{Engine, FIRST_REGION};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// A volume with an image of its own.
struct Volume {
    account: &'static str,
    kind: &'static str,
    name: &'static str,
}

const VOLUMES: [Volume; 2] = [
    Volume { account: PRODUCTION, kind: "EBS", name: "orders-disk" },
    Volume { account: DATA, kind: "Storage Gateway", name: "archive-lun" },
];

/// How large an image is; nearly all of it is a hole.
const SIZE: u64 = 1 << 30;
/// How many pages of it are written when it is made, from its beginning on.
const PAGES: u64 = 64;
/// How many bytes there are to a page.
const PAGE: u64 = 4096;

fn image_of(files: &Path, volume: &Volume) -> PathBuf {
    files.join(volume.account).join(format!("{}.img", volume.name))
}

/// Makes the images and registers them; their tags bring them into the plans of their accounts.
pub(super) fn make(engine: &Engine, files: &Path) -> Result<()> {
    for (number, volume) in VOLUMES.iter().enumerate() {
        let image = image_of(files, volume);
        fill(&image, number as u64).map_err(failed(format!("make {}", image.display())))?;
        engine.add_resource(AddResource {
            resource_type: volume.kind.to_owned(),
            name: volume.name.to_owned(),
            location: Location::at_path(image.to_string_lossy()),
            secret: None,
            tags: [("env", "prod"), ("backup", "daily")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            account_id: Some(volume.account.to_owned()),
            region: Some(FIRST_REGION.to_owned()),
        })?;
    }
    Ok(())
}

fn fill(image: &Path, seed: u64) -> io::Result<()> {
    image.parent().map_or(Ok(()), fs::create_dir_all)?;
    let file = File::create(image)?;
    file.set_len(SIZE)?;
    let mut random = Random::new(seed + 1);
    (0..PAGES).try_for_each(|page| write_page(&file, page, &mut random))
}

fn write_page(file: &File, page: u64, random: &mut Random) -> io::Result<()> {
    let bytes: Vec<u8> = (0..PAGE / 8).flat_map(|_| random.next().to_le_bytes()).collect();
    file.write_all_at(&bytes, page * PAGE)
}

/// What a day changes: two pages, and one comes further on.
pub(super) fn live_a_day(files: &Path, day: i64) -> Result<()> {
    for volume in &VOLUMES {
        let image = image_of(files, volume);
        let mut random = Random::new(1000 + day as u64);
        let change = File::options().write(true).open(&image).and_then(|file| {
            let changed = [random.next() % PAGES, random.next() % PAGES, PAGES * 16 * day as u64];
            changed.into_iter().try_for_each(|page| write_page(&file, page, &mut random))
        });
        change.map_err(failed(format!("change {}", image.display())))?;
    }
    Ok(())
}
