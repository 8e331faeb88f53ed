//! restic beside us, in one run, on one tree: first backup, unchanged backup, restore; wall time, CPU time, peak memory.
//!
//! ```sh
//! cargo bench --bench compare                                  # the 1.5 GB tree, three rounds
//! cargo bench --bench compare -- --scale 0.1 --rounds 1        # quick
//! ```
//!
//! `--work DIR` says where the tree, the repositories and the restored trees go (about 5 GB; default: the temporary folder).
//! Each run is a process of its own, ours too: this binary started again with a hidden subcommand that opens an engine, runs
//! one job from the request to its commit, and stops. The restored trees are compared with the source byte by byte.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod measure;
mod ours;
mod same;
mod tree;

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use measure::Cost;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PASSWORD: &str = "benchmark";

fn main() -> Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let paths: Vec<&Path> = arguments.iter().map(Path::new).collect();
    match paths.as_slice() {
        [command, data, source] if *command == Path::new("ours-create") => ours::create(data, source),
        [command, data] if *command == Path::new("ours-backup") => ours::backup(data),
        [command, data, target] if *command == Path::new("ours-restore") => ours::restore(data, target),
        _ => compare(&Settings::read(&arguments)?),
    }
}

/// What the command line asks for.
struct Settings {
    scale: f64,
    rounds: usize,
    work: PathBuf,
    asked: bool,
}

impl Settings {
    fn read(arguments: &[OsString]) -> Result<Self> {
        let mut settings = Self { scale: 1.0, rounds: 3, work: std::env::temp_dir(), asked: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{} needs a value", argument.display()));
            match argument.to_str() {
                Some("--bench") => settings.asked = true,
                Some("--scale") => settings.scale = value()?.to_string_lossy().parse()?,
                Some("--rounds") => settings.rounds = value()?.to_string_lossy().parse()?,
                Some("--work") => settings.work = PathBuf::from(value()?),
                _ => return Err(format!("unknown argument {}", argument.display()).into()),
            }
        }
        Ok(settings)
    }
}

/// The costs of one program, one entry a round.
#[derive(Default)]
struct Costs {
    first: Vec<Cost>,
    unchanged: Vec<Cost>,
    restore: Vec<Cost>,
}

fn compare(settings: &Settings) -> Result<()> {
    if !settings.asked {
        // `cargo test --all-targets` starts every benchmark once; this one is not a test.
        return Ok(());
    }
    let work = settings.work.join(format!("vaultdeck-compare-{}", std::process::id()));
    fs::create_dir_all(&work)?;
    let outcome = run(settings, &work);
    fs::remove_dir_all(&work)?;
    outcome
}

fn run(settings: &Settings, work: &Path) -> Result<()> {
    let source = work.join("source");
    eprintln!("writing the tree …");
    let written = tree::generate(&source, settings.scale)?;
    let (mut restic, mut ours) = (Costs::default(), Costs::default());
    for round in 1..=settings.rounds.max(1) {
        eprintln!("round {round} of {}", settings.rounds.max(1));
        restic_round(work, &source, &mut restic)?;
        our_round(work, &source, &mut ours)?;
    }
    let version = String::from_utf8(Command::new("restic").arg("version").output()?.stdout)?;
    println!(
        "{} files, {} MB; {} rounds, medians; {} processors",
        written.files,
        written.bytes / 1_000_000,
        settings.rounds.max(1),
        processors()
    );
    println!("{}\n", version.trim());
    println!("| | restic: wall | CPU | memory | vaultdeck: wall | CPU | memory | wall ratio | CPU ratio |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, theirs, own) in [
        ("first backup", &restic.first, &ours.first),
        ("unchanged backup", &restic.unchanged, &ours.unchanged),
        ("restore", &restic.restore, &ours.restore),
    ] {
        println!("{}", row(name, median(theirs), median(own)));
    }
    Ok(())
}

fn restic_round(work: &Path, source: &Path, costs: &mut Costs) -> Result<()> {
    let (repository, target) = (fresh(work, "restic")?, fresh(work, "restic-restored")?);
    let restic = || {
        let mut command = Command::new("restic");
        command
            .env("RESTIC_PASSWORD", PASSWORD)
            .arg("--quiet")
            .arg("--repo")
            .arg(&repository)
            .arg("--cache-dir")
            .arg(work.join("restic-cache"));
        command
    };
    measure::run(restic().args(["init", "--repository-version", "2"]))?;
    costs.first.push(measure::run(restic().arg("backup").arg(source))?);
    costs.unchanged.push(measure::run(restic().arg("backup").arg(source))?);
    costs.restore.push(measure::run(restic().args(["restore", "latest", "--target"]).arg(&target))?);
    same::assert_same(source, &target.join(source.strip_prefix("/")?))?;
    discard(&[&repository, &target])
}

fn our_round(work: &Path, source: &Path, costs: &mut Costs) -> Result<()> {
    let (data, target) = (fresh(work, "ours")?, fresh(work, "ours-restored")?);
    let program = std::env::current_exe()?;
    let ours = |subcommand: &str| {
        let mut command = Command::new(&program);
        command.arg(subcommand).arg(&data);
        command
    };
    measure::run(ours("ours-create").arg(source))?;
    costs.first.push(measure::run(&mut ours("ours-backup"))?);
    costs.unchanged.push(measure::run(&mut ours("ours-backup"))?);
    costs.restore.push(measure::run(ours("ours-restore").arg(&target))?);
    same::assert_same(source, &target)?;
    discard(&[&data, &target])
}

/// A path in the working folder where nothing is.
fn fresh(work: &Path, name: &str) -> Result<PathBuf> {
    let path = work.join(name);
    if path.exists() {
        fs::remove_dir_all(&path)?;
    }
    Ok(path)
}

fn discard(paths: &[&Path]) -> Result<()> {
    for path in paths {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

fn median(costs: &[Cost]) -> Cost {
    let of = |value: fn(&Cost) -> u64| {
        let mut values: Vec<u64> = costs.iter().map(value).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    Cost {
        wall: Duration::from_millis(of(|cost| cost.wall.as_millis() as u64)),
        cpu: Duration::from_millis(of(|cost| cost.cpu.as_millis() as u64)),
        memory: of(|cost| cost.memory),
    }
}

fn row(name: &str, restic: Cost, ours: Cost) -> String {
    let columns = |cost: Cost| {
        format!("{:.2} s | {:.2} s | {} MiB", cost.wall.as_secs_f64(), cost.cpu.as_secs_f64(), cost.memory >> 20)
    };
    let ratio = |ours: Duration, restic: Duration| ours.as_secs_f64() / restic.as_secs_f64().max(0.01);
    format!(
        "| {name} | {} | {} | {:.2} | {:.2} |",
        columns(restic),
        columns(ours),
        ratio(ours.wall, restic.wall),
        ratio(ours.cpu, restic.cpu)
    )
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
