//! What the root of the key ring asks of whoever starts an engine: a passphrase, from a file or a terminal and never from the
//! arguments, and the way to AWS KMS.

use super::failure::Failure;
use super::terminal;
use crate::client::root_key::RootKey;
use crate::client::{Fault, FaultKind};
use crate::config::{Keys, Root};
use crate::domain::Arn;
use crate::domain::kms::KeyRef;
use crate::engine::keys::root::kms::{Encrypted, Kms, Refusal, Why};
use crate::engine::keys::root::passphrase::MAX_BYTES;
use crate::engine::keys::root::{Asked, Keeper, Kind, Passphrase};
use crate::engine::{Error, Result};
use parking_lot::Mutex;
use std::fs::File;
use std::io::{IsTerminal as _, Read as _, stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// The name of the credential under which systemd hands a passphrase to a service.
const CREDENTIAL: &str = "vaultdeck-passphrase";

/// The keeper of the command line.
#[derive(Debug, Clone)]
pub(super) struct CommandLine {
    wanted: Option<Kind>,
    /// The file with the passphrase.
    file: Option<PathBuf>,
    /// Where a new passphrase comes from.
    new: New,
    /// What was read or typed last: nobody is asked twice, and a root that was just made opens with its own passphrase.
    known: Arc<Mutex<Option<Passphrase>>>,
    kms: WayToKms,
}

/// Where a new passphrase comes from.
#[derive(Debug, Clone)]
enum New {
    /// From the same file as any: it is the first one of a new data directory.
    First,
    /// From this file, or from a terminal: it takes the place of another.
    Another(Option<PathBuf>),
}

/// KMS, asked on the runtime by a thread that may wait.
#[derive(Debug, Clone)]
struct WayToKms(RootKey);

impl CommandLine {
    /// The keeper of the config. `named` is the file that an option or the environment names.
    pub(super) fn of(config: &Keys, named: Option<PathBuf>) -> std::result::Result<Self, Failure> {
        let wanted = match &config.root {
            None => None,
            Some(Root::File) => Some(Kind::File),
            Some(Root::Passphrase) => Some(Kind::Passphrase),
            Some(Root::Kms(key)) => Some(Kind::Kms(kms_key(key)?)),
        };
        let credential = || {
            let file = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?).join(CREDENTIAL);
            file.exists().then_some(file)
        };
        let file = named.or_else(credential).or_else(|| config.passphrase_file.clone());
        let key = RootKey { endpoint_url: config.kms.endpoint_url.clone(), profile: config.kms.profile.clone() };
        Ok(Self { wanted, file, new: New::First, known: Arc::default(), kms: WayToKms(key) })
    }

    /// The kind of root that the config wants.
    pub(super) fn wanted_kind(&self) -> Option<&Kind> {
        self.wanted.as_ref()
    }

    /// The same for a move: any root is moved away from, and a new passphrase comes from `new` or is typed.
    pub(super) fn moving(&self, new: Option<PathBuf>) -> Self {
        Self { wanted: None, new: New::Another(new), known: Arc::default(), ..self.clone() }
    }
}

impl Keeper for CommandLine {
    fn wanted(&self) -> Option<Kind> {
        self.wanted.clone()
    }

    fn passphrase(&self, asked: Asked) -> Result<Option<Passphrase>> {
        let mut known = self.known.lock();
        if let (Asked::Existing, Some(known)) = (asked, known.as_ref()) {
            return Ok(Some(known.clone()));
        }
        let file = match (asked, &self.new) {
            (Asked::Existing, _) | (Asked::New, New::First) => self.file.as_deref(),
            (Asked::New, New::Another(file)) => file.as_deref(),
        };
        let told = match file {
            Some(file) => Some(read(file)?),
            None if !stdin().is_terminal() => None,
            None => Some(typed(asked)?),
        };
        known.clone_from(&told);
        Ok(told)
    }

    fn kms(&self) -> &dyn Kms {
        &self.kms
    }
}

/// The key that a text names, by its ARN or by that of an alias: which region it is in must stand there.
pub(super) fn kms_key(text: &str) -> std::result::Result<Arn, Failure> {
    match KeyRef::parse(text) {
        Ok(KeyRef::Arn(arn) | KeyRef::AliasArn(arn, _)) => Ok(arn),
        _ => Err(Failure::usage(format!("{text:?} is not the ARN of a KMS key or of an alias"))),
    }
}

/// The passphrase in a file; one line end after it is not part of it.
fn read(path: &Path) -> Result<Passphrase> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Error::invalid_parameter(format!("the passphrase in {} cannot be read: {why}", path.display()))
    };
    // In one piece of memory that is wiped; with room for a line end, and for one byte that is too many.
    let limit = MAX_BYTES + 3;
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    let file = File::open(path).and_then(|file| file.take(limit as u64).read_to_end(&mut bytes));
    file.map_err(|error| unreadable(&error))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(&"it is no UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Passphrase::new(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

/// The passphrase that a person types; a new one twice.
fn typed(asked: Asked) -> Result<Passphrase> {
    let line = |prompt: &str| {
        terminal::hidden_line(prompt, MAX_BYTES)
            .map_err(|error| Error::io("read the passphrase from the terminal", error))
    };
    match asked {
        Asked::Existing => Passphrase::new(line("Passphrase of the key ring: ")?),
        Asked::New => {
            let first = line("New passphrase of the key ring: ")?;
            if first != line("The same again: ")? {
                return Err(Error::invalid_parameter("the two passphrases differ; nothing was changed"));
            }
            Passphrase::new(first)
        }
    }
}

impl Kms for WayToKms {
    fn encrypt(&self, key: &Arn, plain: &[u8], context: (&str, &str)) -> std::result::Result<Encrypted, Refusal> {
        let (key, ciphertext) = wait(self.0.encrypt(key, plain, context))?;
        Ok(Encrypted { key, ciphertext })
    }

    fn decrypt(
        &self,
        key: &Arn,
        ciphertext: &[u8],
        context: (&str, &str),
    ) -> std::result::Result<Zeroizing<Vec<u8>>, Refusal> {
        wait(self.0.decrypt(key, ciphertext, context))
    }
}

/// Lets a blocking thread wait for the runtime.
fn wait<T>(call: impl Future<Output = std::result::Result<T, Fault>>) -> std::result::Result<T, Refusal> {
    let runtime = Handle::try_current().map_err(|error| Refusal { why: Why::Other, message: error.to_string() })?;
    runtime.block_on(call).map_err(|fault| Refusal { why: why(&fault), message: fault.message })
}

/// What a fault of KMS means for a root.
fn why(fault: &Fault) -> Why {
    match (fault.code.as_deref(), &fault.kind) {
        (Some("DisabledException" | "KMSInvalidStateException"), _) => Why::Unusable,
        (Some("InvalidCiphertextException" | "IncorrectKeyException"), _) => Why::NotItsOwn,
        (_, FaultKind::Network | FaultKind::Throttled) => Why::OutOfReach,
        (Some("KeyUnavailableException" | "DependencyTimeoutException" | "KMSInternalException"), _) => Why::OutOfReach,
        (_, FaultKind::Expired) => Why::NoCredentials,
        (_, FaultKind::Denied) => Why::Denied,
        (_, FaultKind::NotFound) => Why::NotFound,
        _ => Why::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusals_of_kms_are_told_apart() {
        let fault = |code: Option<&str>, kind| Fault { code: code.map(str::to_owned), ..Fault::new(kind, "words") };
        for (fault, expected) in [
            (fault(Some("DisabledException"), FaultKind::Refused), Why::Unusable),
            (fault(Some("KMSInvalidStateException"), FaultKind::Refused), Why::Unusable),
            (fault(Some("InvalidCiphertextException"), FaultKind::Refused), Why::NotItsOwn),
            (fault(None, FaultKind::Network), Why::OutOfReach),
            (fault(Some("ThrottlingException"), FaultKind::Throttled), Why::OutOfReach),
            (fault(Some("KMSInternalException"), FaultKind::Other), Why::OutOfReach),
            (fault(None, FaultKind::Expired), Why::NoCredentials),
            (fault(Some("AccessDeniedException"), FaultKind::Denied), Why::Denied),
            (fault(Some("NotFoundException"), FaultKind::NotFound), Why::NotFound),
            (fault(Some("InvalidKeyUsageException"), FaultKind::Refused), Why::Other),
        ] {
            assert_eq!(why(&fault), expected, "{fault:?}");
        }
    }

    #[test]
    fn one_line_end_is_no_part_of_a_passphrase_and_a_long_one_is_not_cut() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        let longest = "x".repeat(MAX_BYTES);
        for (after, is_whole) in [("", true), ("\n", true), ("\r\n", true), ("y", false), ("\r\n\n", false)] {
            std::fs::write(&file, format!("{longest}{after}")).unwrap();
            assert_eq!(read(&file).is_ok(), is_whole, "{after:?}");
        }
        std::fs::write(&file, [0xff, 0xfe]).unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("no UTF-8"));
        let missing = read(&folder.path().join("missing")).unwrap_err().to_string();
        assert!(missing.contains("missing"), "{missing}");
    }
}
