//! Restoring a volume: into a new file, whose zeros take no room, or onto a device that nobody uses. Its files alone are
//! another matter ([`super::files`]).

mod image;
mod proof;

use super::bits::Bits;
use super::description::Description;
use super::layout::{self, Place};
use super::{device, files, place};
use crate::domain::Invalid;
use crate::domain::types::ebs::VolumeRestore;
use crate::domain::types::location::Location;
use crate::engine::drivers::folder::vacancy;
use crate::engine::drivers::{Fault, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target};
use crate::repository::{ItemPath, Node, Put, Refusal, RestoreOutcome, RestoreSize, StreamSink};
use image::Image;
use parking_lot::Mutex;
use proof::Hashes;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How many segments are written at once.
const AT_ONCE: usize = 4;

/// What a restore of a volume is to do: `volume` is the id of the new volume, `made` that of the resource.
pub(in crate::engine::drivers) fn plan(
    ask: &RestoreAsk<'_>,
    restore: &VolumeRestore,
    volume: &str,
    made: String,
) -> Result<RestorePlan, Fault> {
    if !restore.items.is_empty() {
        return files::plan(ask, restore, volume);
    }
    let path = match &restore.path {
        Some(path) => given(Path::new(path), ask)?,
        None => (ask.restored)()?.join(format!("{volume}.img")),
    };
    Ok(RestorePlan { target: Location::at_path(path.to_string_lossy()), makes: Some(made), is_whole: true })
}

/// A path that a caller named. That of a device is kept as it was given, for its lasting names are links.
fn given(path: &Path, ask: &RestoreAsk<'_>) -> Result<PathBuf, Fault> {
    let resolved = vacancy::allowed(path, ask.roots, ask.data_dir)?;
    place::check_target(&resolved)?;
    Ok(if device::is_block(&resolved).unwrap_or(false) { path.to_owned() } else { resolved })
}

/// A volume that is restored.
struct Volume<'a> {
    path: PathBuf,
    restore: VolumeRestore,
    description: Description,
    /// The segments that the recovery point has.
    present: Bits,
    lend: &'a (dyn Fn(u64, u64) -> bool + Sync),
    into: Option<Image>,
    /// The hashes of the segments that were written.
    written: Mutex<Hashes>,
}

/// Opens nothing yet, and reads what the recovery point says of its volume.
pub(in crate::engine::drivers) fn target<'a>(
    cx: &RestoreCx<'a>,
    restore: VolumeRestore,
) -> Result<Box<dyn Target + 'a>, Fault> {
    if !restore.items.is_empty() {
        return files::target(cx, &restore.items);
    }
    let Some(path) = cx.target.path().map(Path::to_owned) else { return Err(Invalid::missing("Path").into()) };
    let description = Description::read(cx.content)?;
    let present = description.present()?;
    let (lend, written) = (cx.lend, Mutex::default());
    Ok(Box::new(Volume { path, restore, description, present, lend, into: None, written }))
}

impl Volume<'_> {
    /// How large the new volume is.
    fn size(&self) -> Result<u64, Fault> {
        let least = self.description.volume_size;
        match self.restore.size {
            Some((key, size)) if size < least => {
                let rule =
                    format!("must be at least the size of what was backed up, {least} bytes; it says {size} bytes");
                Err(Invalid::value(format!("Metadata.{key}"), rule).into())
            }
            Some((_, size)) => Ok(size),
            None => Ok(least),
        }
    }

    fn image(&self) -> Result<&Image, Fault> {
        self.into.as_ref().ok_or_else(|| Fault::Failed("the target was not begun".to_owned()))
    }

    fn put_segment(&self, number: u64, node: &Node, content: &mut dyn Read) -> Result<(), Refusal> {
        let range = layout::bytes_of(number, self.description.volume_size);
        if number >= layout::segments(self.description.volume_size) || node.size != range.end - range.start {
            return Err(Refusal::Item(format!("the volume has no such segment of {} bytes", node.size)));
        }
        let image = self.into.as_ref().ok_or_else(|| io::Error::other("the target was not begun"))?;
        let hash = image.write(range, content)?;
        self.written.lock().insert(number, hash);
        Ok(())
    }
}

impl Target for Volume<'_> {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    fn begin(&mut self, need: &RestoreSize) -> Result<Mark, Fault> {
        let size = self.size()?;
        let into = if device::is_block(&self.path).unwrap_or(false) {
            Image::onto_device(&self.path, size)?
        } else {
            Image::new_file(&self.path, size, need.required_bytes, self.lend)?
        };
        let mark = into.mark();
        self.into = Some(into);
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        let size = self.size()?;
        self.into = Some(Image::again(&self.path, size, before)?);
        Ok(())
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        self.image()?.set_size()?;
        Ok(Sink::InOrder(self))
    }

    fn finish(self: Box<Self>, _: &RestoreOutcome) -> Result<Restored, Fault> {
        let image = self.image()?;
        let written = self.written.lock();
        let mut arrived = Bits::new(layout::segments(self.description.volume_size));
        written.keys().for_each(|number| arrived.add(*number));
        if !(arrived.holds(&self.present) && self.present.holds(&arrived)) {
            return Err(Fault::Failed(format!(
                "The recovery point says that it has {} segments, and {} of them came.",
                self.present.count(),
                arrived.count()
            )));
        }
        if image.is_device {
            let absent = (0..layout::segments(self.description.volume_size)).filter(|number| !arrived.has(*number));
            for number in absent {
                image.zero(layout::bytes_of(number, self.description.volume_size))?;
            }
            image.zero(self.description.volume_size..self.size()?)?;
        }
        image.sync()?;
        let bytes = proof::compare(image, self.description.volume_size, &written)?;
        let note = format!("{bytes} bytes in {} segments were read back and are what was backed up.", written.len());
        Ok(Restored { notes: vec![note], ..Restored::default() })
    }
}

impl StreamSink for Volume<'_> {
    fn place(&self) -> PathBuf {
        self.path.clone()
    }

    fn put(&self, path: &ItemPath, node: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        match Place::of(path.components().iter().map(Vec::as_slice)) {
            Some(Place::Segment(number)) if node.is_file() => self.put_segment(number, node, content)?,
            Some(Place::Description) if node.is_file() => {
                io::copy(content, &mut io::sink())?;
            }
            Some(Place::Root | Place::Segments | Place::Folder(_)) if node.is_directory() => {}
            _ => return Err(Refusal::Item("no volume has such an item".to_owned())),
        }
        Ok(Put::Written)
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }
}
