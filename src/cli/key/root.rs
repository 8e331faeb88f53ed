//! `vaultdeck key root`: what the root of the key ring is, and its move to another.

use crate::cli::Session;
use crate::cli::arguments::{MoveOptions, PlainFormat, RootCommand, RootKind, RootOptions};
use crate::cli::failure::{Exit, Failure};
use crate::cli::host::{PATIENCE, PAUSE, open_patiently, rest};
use crate::cli::keeper::{CommandLine, kms_key};
use crate::cli::output;
use crate::engine::data_dir::DataDir;
use crate::engine::keys::moving::{self, RootTold};
use crate::engine::keys::root::Kind;
use crate::engine::{ClockKind, EngineOptions, Error};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

pub(super) async fn run(session: &Session, options: &RootOptions) -> Result<Exit, Failure> {
    match &options.command {
        None => {
            require_engine(session)?;
            show(session, options.output)?;
            Ok(Exit::Done)
        }
        Some(RootCommand::Move(options)) => move_root(session, options).await,
    }
}

async fn move_root(session: &Session, options: &MoveOptions) -> Result<Exit, Failure> {
    let to = kind(session, options)?;
    require_engine(session)?;
    let keeper = session.keeper.moving(options.new_passphrase_file.clone());
    // First the engine as it is: an earlier move comes to its end, and what is damaged is found before anything changes.
    open_once(session, &keeper).await?;
    let (data_dir, by, towards) = (session.data_dir.clone(), keeper.clone(), to.clone());
    let begun = tokio::task::spawn_blocking(move || moving::begin(&lock(&data_dir)?, &by, &towards));
    begun.await.map_err(|error| Failure::failed(format!("the root was not moved: {error}")))??;
    open_once(session, &keeper).await?;
    let told = show(session, options.output)?;
    if session.keeper.wanted_kind().is_some_and(|wanted| *wanted != to) {
        let file = session.places.config_file.display();
        output::say(&format!(
            "vaultdeck: {file} still wants another root: change root in its [keys], or no engine starts"
        ));
    }
    if told.moving_from.is_some() {
        return Err(Failure::failed(
            "the move is begun, and not all is wrapped by the new root yet: both roots open all. The log says what stood in \
             the way; the next start of an engine goes on",
        ));
    }
    Ok(Exit::Done)
}

/// What is to be the root.
fn kind(session: &Session, options: &MoveOptions) -> Result<Kind, Failure> {
    if options.to != RootKind::Passphrase && options.new_passphrase_file.is_some() {
        return Err(Failure::usage("--new-passphrase-file goes with passphrase"));
    }
    match (options.to, &options.kms_key, session.keeper.wanted_kind()) {
        (RootKind::Kms, Some(key), _) => Ok(Kind::Kms(kms_key(key)?)),
        (RootKind::Kms, None, Some(wanted @ Kind::Kms(_))) => Ok(wanted.clone()),
        (RootKind::Kms, None, _) => Err(Failure::usage("which key in AWS KMS? Name it with --kms-key")),
        (_, Some(_), _) => Err(Failure::usage("--kms-key goes with kms")),
        (RootKind::File, None, _) => Ok(Kind::File),
        (RootKind::Passphrase, None, _) => Ok(Kind::Passphrase),
    }
}

/// Refuses a directory in which there is no engine yet: what its root is to be, its config says.
fn require_engine(session: &Session) -> Result<(), Failure> {
    if session.data_dir.join("catalog.sqlite").exists() {
        return Ok(());
    }
    let data_dir = session.data_dir.display();
    Err(Failure::failed(format!(
        "there is no engine in {data_dir} yet; root in [keys] of the config says what its root will be"
    )))
}

/// Opens the engine, which does what is left of a move, and brings it to rest.
async fn open_once(session: &Session, keeper: &CommandLine) -> Result<(), Failure> {
    let options = EngineOptions {
        data_dir: session.data_dir.clone(),
        clock: ClockKind::System,
        scheduler: false,
        simulated_rate: None,
        cold: session.cold.clone(),
    };
    let engine = open_patiently(options, keeper).await?;
    engine.data_dir().require_write()?;
    rest(engine).await;
    Ok(())
}

/// Locks the data directory, which the engine that was just open may hold for another moment.
fn lock(data_dir: &Path) -> Result<DataDir, Error> {
    let begun = Instant::now();
    loop {
        match DataDir::open_to_write(data_dir) {
            Err(Error::Held { socket: None, .. }) if begun.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            ended => return ended,
        }
    }
}

fn show(session: &Session, format: PlainFormat) -> Result<RootTold, Failure> {
    let told = moving::told(&session.data_dir)?;
    match format {
        PlainFormat::Json => output::print_json(&json!({
            "Root": told.kind,
            "Name": told.name,
            "Place": told.place,
            "KmsKeyArn": told.kms_key,
            "Cost": told.cost,
            "MovingFrom": told.moving_from,
        }))?,
        PlainFormat::Text => {
            let mut text = format!("{}\n", told.place);
            if let Some(cost) = &told.cost {
                text = format!("{} ({cost})\n", told.place);
            }
            if let Some(from) = &told.moving_from {
                text += &format!("moving from {from}: both open all until an engine has started with the new one\n");
            }
            output::write(&text)?;
        }
    }
    Ok(told)
}
