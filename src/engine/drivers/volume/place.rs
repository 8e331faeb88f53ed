//! Which files and devices can be volumes, and where a restore may make one.

use super::layout::LARGEST;
use super::{Seen, device, open, url_of};
use crate::domain::Invalid;
use crate::domain::types::location::{Location, Part};
use crate::engine::drivers::{Fault, Mark, ProbeCx, Probed};
use rustix::fs::FileType;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// How the files of other forms than raw ones begin.
const FORMS: [(&[u8], &str); 4] =
    [(b"QFI\xfb", "qcow2"), (b"KDMV", "VMDK"), (b"vhdxfile", "VHDX"), (b"conectix", "VHD")];

/// Looks at the volume that `resource add` was given.
pub(in crate::engine::drivers) fn probe(cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
    let url = cx.at.part(Part::Url).map(url_of).transpose()?;
    let location = match (cx.at.path(), &url) {
        (Some(path), _) => Location::at_path(check_source(path, cx.data_dir)?),
        (None, Some(url)) => Location::of([(Part::Url, url.to_string())]),
        (None, None) => return Err(Invalid::missing("Path").into()),
    };
    let image = open(&location, cx.secret)?;
    let size = image.size();
    let part = if url.is_some() { Part::Url } else { Part::Path };
    let at = location.part(part).unwrap_or_default();
    let refuse = |rule: String| Err(Invalid::value(part.name(), format!("{at} {rule}")).into());
    if let Some(name) = url.as_ref().and_then(|url| url.bitmap()).filter(|_| image.dirty().is_none()) {
        return refuse(format!(
            "names a bitmap that the server does not give out: qemu-nbd does so with --bitmap={name}"
        ));
    }
    if size == 0 {
        return refuse("is empty: a volume has at least one byte".to_owned());
    }
    if size > LARGEST {
        return refuse(format!("has {size} bytes, and the largest volume has {LARGEST}"));
    }
    let mut beginning = vec![0; size.min(8) as usize];
    image.read_at(&mut beginning, 0)?;
    if let Some((_, form)) = FORMS.iter().find(|(sign, _)| beginning.starts_with(sign)) {
        return refuse(format!(
            "is a {form} image, and only raw ones are read: serve it with qemu-nbd --read-only, and register it with \
             --url nbd://HOST:PORT/EXPORT"
        ));
    }
    Ok(Probed { location, mark: Some(Mark::of(&Seen { size })) })
}

fn invalid(rule: &str) -> Fault {
    Invalid::value("Path", rule).into()
}

/// The path of a file or device that can be backed up, as it is kept: that of a file canonical, that of a device as it was
/// given, since the names of devices that last are links.
fn check_source(path: &Path, data_dir: &Path) -> Result<String, Fault> {
    let shown = path.display();
    if !path.is_absolute() {
        return Err(invalid(&format!("{shown} is not an absolute path")));
    }
    let unusable = |e| invalid(&format!("{shown}: {e}"));
    let real = path.canonicalize().map_err(unusable)?;
    let status = rustix::fs::stat(&real).map_err(|e| unusable(e.into()))?;
    let is_device = match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => false,
        FileType::BlockDevice => true,
        _ => return Err(invalid(&format!("{shown} is neither a file nor a block device"))),
    };
    let of_engine = std::fs::metadata(data_dir).map(|status| status.dev());
    if real.starts_with(data_dir) || (is_device && of_engine.is_ok_and(|device| device == status.st_rdev)) {
        let held = data_dir.display();
        return Err(invalid(&format!(
            "{shown} holds the engine's data directory {held}, or lies in it: backups would hold themselves"
        )));
    }
    let kept = if is_device { path } else { &real };
    kept.to_str().map(str::to_owned).ok_or_else(|| invalid(&format!("{shown} is not UTF-8")))
}

/// A path that a caller named for a restore, if something may be restored there: a new file, or a device that nobody uses.
pub(super) fn check_target(path: &Path) -> Result<(), Fault> {
    let refuse = |rule: &str| Err(Fault::Failed(format!("Invalid Metadata: vaultdeck:path {} {rule}", path.display())));
    let status = match std::fs::symlink_metadata(path) {
        Ok(status) => status,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return refuse(&format!("cannot be used: {error}")),
    };
    if status.is_file() && status.len() == 0 {
        return Ok(());
    }
    match device::is_block(path) {
        Ok(true) if device::is_in_use(status.rdev()).unwrap_or(true) => {
            refuse("is a device that is in use: mounted, or a part of another device")
        }
        Ok(true) => Ok(()),
        _ => refuse("must be a file that does not exist yet, or a block device that nobody uses"),
    }
}
