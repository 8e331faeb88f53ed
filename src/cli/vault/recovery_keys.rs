//! `vaultdeck vault recovery-key`: the passwords with which plain restic opens the vaults.

use crate::cli::Session;
use crate::cli::arguments::PlainFormat;
use crate::cli::failure::{Exit, Failure};
use crate::cli::host::{Host, Purpose};
use crate::cli::output;
use crate::domain::{Arn, Scope, VaultName};
use crate::engine::offline::Offline;
use serde_json::{Map, Value};

/// The vaults whose keys are made now: one, or all.
type Only = Option<(Scope, VaultName)>;

/// What was made. It is printed also when a later vault failed: the keys before are replaced already.
#[derive(Default)]
struct Made {
    passwords: Map<String, Value>,
    failed: Vec<String>,
}

pub(super) async fn run(session: &Session, only: Only, format: PlainFormat) -> Result<Exit, Failure> {
    let single = only.is_some();
    let made = match Host::reach(session, Purpose::Look).await {
        Ok(host) => {
            let made = by_engine(&host, only).await;
            host.close().await;
            made?
        }
        // The engine does not open: its catalog is damaged or gone. The keys themselves are all that is needed.
        Err(failure) if failure.is_damage() => {
            output::say(&format!("vaultdeck: {}", failure.message()));
            output::say("vaultdeck: the keys are made without the catalog; passwords that were made before stay valid");
            let session = session.clone();
            let made = tokio::task::spawn_blocking(move || by_folders(&session, only)).await;
            made.map_err(|e| Failure::failed(e.to_string()))??
        }
        Err(failure) => return Err(failure),
    };
    made.print(single, format)
}

async fn by_engine(host: &Host, only: Only) -> Result<Made, Failure> {
    let vaults = match only {
        Some(only) => vec![only],
        None => host.control().vault_arns().await?.iter().map(|arn| parts(arn)).collect::<Result<_, _>>()?,
    };
    let mut made = Made::default();
    for (scope, name) in vaults {
        let answer = host.control().recovery_key(&scope, name.as_str()).await;
        made.note(&scope, &name, answer.map(|key| key.password).map_err(|fault| fault.to_string()));
    }
    Ok(made)
}

fn by_folders(session: &Session, only: Only) -> Result<Made, Failure> {
    let offline = Offline::open_under(&session.data_dir, &session.cold, &session.keeper)?;
    let vaults = match only {
        Some(only) => vec![only],
        None => offline.vaults()?,
    };
    let mut made = Made::default();
    for (scope, name) in vaults {
        let answer = offline.make_recovery_key(&scope, &name);
        made.note(&scope, &name, answer.map_err(|error| error.to_string()));
    }
    Ok(made)
}

fn parts(arn: &str) -> Result<(Scope, VaultName), Failure> {
    let unusable = || Failure::failed(format!("the engine named {arn}, which is no vault's ARN"));
    let arn: Arn = arn.parse().map_err(|_| unusable())?;
    let name = arn.vault_name().and_then(|name| name.parse().ok()).ok_or_else(unusable)?;
    Ok((arn.scope().ok_or_else(unusable)?, name))
}

impl Made {
    fn note(&mut self, scope: &Scope, name: &VaultName, answer: Result<String, String>) {
        let arn = Arn::vault(scope, name).to_string();
        match answer {
            Ok(password) => {
                self.passwords.insert(arn, Value::String(password));
            }
            Err(why) => self.failed.push(format!("{arn}: {why}")),
        }
    }

    fn print(self, single: bool, format: PlainFormat) -> Result<Exit, Failure> {
        let text = |(arn, password): (&String, &Value)| {
            let password = password.as_str().unwrap_or_default();
            if single { format!("{password}\n") } else { format!("{arn} {password}\n") }
        };
        match format {
            PlainFormat::Json if self.failed.is_empty() || !single => output::print_json(&self.passwords)?,
            PlainFormat::Json => {}
            PlainFormat::Text => output::write(&self.passwords.iter().map(text).collect::<String>())?,
        }
        for failed in &self.failed {
            output::say(&format!("vaultdeck: {failed}"));
        }
        Ok(if self.failed.is_empty() { Exit::Done } else { Exit::Failed })
    }
}
