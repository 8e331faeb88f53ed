//! Files that the engine keeps in a vault's folder: a version in the clear, and the rest sealed with a key derived from the
//! vault's data key and what the file is of. One that was renamed to another's does not open.

use crate::engine::error::{Error, Result};
use crate::engine::keys::sealing;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What is known of a file before it is read.
pub(crate) struct Form {
    /// What errors call it, with its place.
    pub(crate) what: String,
    /// What binds it to the thing that it is of.
    pub(crate) context: String,
    /// The version that this program writes, and the newest that it reads.
    pub(crate) version: u32,
    /// What to do when it is damaged.
    pub(crate) advice: &'static str,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sealed {
    version: u32,
    /// The content, encrypted, in base64.
    sealed: String,
}

/// The bytes of a file.
pub(crate) fn seal(secret: &[u8], form: &Form, content: &impl Serialize) -> Result<Vec<u8>> {
    let unwritable = |e: serde_json::Error| Error::Internal(format!("{} cannot be written as JSON: {e}", form.what));
    let plain = serde_json::to_vec(content).map_err(unwritable)?;
    let sealed = sealing::seal(secret, &form.context, &plain)?;
    serde_json::to_vec(&Sealed { version: form.version, sealed: BASE64.encode(sealed) }).map_err(unwritable)
}

/// What such bytes say.
pub(crate) fn open<T: DeserializeOwned>(secret: &[u8], form: &Form, bytes: &[u8]) -> Result<T> {
    let damaged =
        |why: &str| Error::Damaged { what: format!("{} is damaged: {why}", form.what), advice: form.advice.to_owned() };
    let file: Sealed = serde_json::from_slice(bytes).map_err(|_| damaged("it has not the form of one"))?;
    let sealed = BASE64.decode(&file.sealed).map_err(|_| damaged("not base64"))?;
    let plain = sealing::unseal(secret, &form.context, &sealed)?;
    // What is sealed says its version too: one that opens as this version's is not of another.
    let plain = match plain {
        Some(_) if file.version != form.version => {
            return Err(damaged("its version is not the one that it was sealed with"));
        }
        None if file.version > form.version => {
            return Err(Error::Newer {
                what: form.what.clone(),
                found: i64::from(file.version),
                known: i64::from(form.version),
            });
        }
        None => return Err(damaged("it does not open with this vault's key")),
        Some(plain) => plain,
    };
    serde_json::from_slice(&plain).map_err(|_| damaged("its content is not understood"))
}
