//! The demo's files: text that compresses, media that does not, and what changes from day to day. The same seed makes the
//! same bytes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What lies in a sample folder.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// Sources and documents: many small texts.
    Texts(u32),
    /// Tables as text, some hundred kilobytes each.
    Tables(u32),
    /// Pictures and sound: bytes that do not compress.
    Media(u32),
}

const WORDS: [&str; 32] = [
    "account", "archive", "backup", "balance", "branch", "budget", "cache", "client", "contract", "customer", "deploy",
    "draft", "export", "forecast", "index", "invoice", "ledger", "meeting", "metric", "order", "payment", "plan",
    "policy", "project", "quarter", "release", "report", "review", "schema", "service", "ticket", "vendor",
];

/// A small generator of numbers (xorshift64*), so that the demo is the same everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len() as u64) as usize]
    }
}

impl Content {
    /// Fills a new folder.
    pub(super) fn fill(self, folder: &Path, random: &mut Random) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        match self {
            Self::Texts(count) => {
                for number in 0..count {
                    let name = format!("{}/{}-{number:03}.md", random.word(), random.word());
                    let lines = 20 + random.below(300);
                    write_lines(&folder.join(name), lines, random)?;
                }
            }
            Self::Tables(count) => {
                for number in 0..count {
                    write_lines(&folder.join(format!("{}/part-{number:04}.csv", random.word())), 4000, random)?;
                }
            }
            Self::Media(count) => {
                for number in 0..count {
                    write_noise(&folder.join(format!("{}/take-{number:03}.raw", random.word())), 256 * 1024, random)?;
                }
            }
        }
        write_lines(&folder.join("journal.log"), 200, random)
    }

    /// What a day changes: a log grows, and something new comes.
    pub(super) fn live_a_day(self, folder: &Path, day: i64, random: &mut Random) -> io::Result<()> {
        append_lines(&folder.join("journal.log"), 40, random)?;
        match self {
            Self::Texts(_) => {
                let lines = 50 + random.below(100);
                write_lines(&folder.join(format!("daily/{}-{day:02}.md", random.word())), lines, random)
            }
            Self::Tables(_) => write_lines(&folder.join(format!("daily/day-{day:02}.csv")), 1500, random),
            Self::Media(_) => write_noise(&folder.join(format!("daily/take-{day:02}.raw")), 96 * 1024, random),
        }
    }
}

/// A large import: media that a night is too short for.
pub(super) fn import(folder: &Path, bytes: u64, random: &mut Random) -> io::Result<()> {
    write_noise(&folder.join("import/camera-originals.raw"), bytes, random)
}

fn write_lines(path: &Path, lines: u64, random: &mut Random) -> io::Result<()> {
    let mut out = BufWriter::new(create(path)?);
    lines_into(&mut out, lines, random)?;
    out.flush()
}

fn append_lines(path: &Path, lines: u64, random: &mut Random) -> io::Result<()> {
    let mut out = BufWriter::new(OpenOptions::new().create(true).append(true).open(path)?);
    lines_into(&mut out, lines, random)?;
    out.flush()
}

fn lines_into(out: &mut impl Write, lines: u64, random: &mut Random) -> io::Result<()> {
    for _ in 0..lines {
        writeln!(out, "{:08x};{};{};{}", random.next() >> 32, random.word(), random.word(), random.below(100_000))?;
    }
    Ok(())
}

fn write_noise(path: &Path, bytes: u64, random: &mut Random) -> io::Result<()> {
    let mut out = BufWriter::new(create(path)?);
    for _ in 0..bytes / 8 {
        out.write_all(&random.next().to_le_bytes())?;
    }
    out.flush()
}

fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create(path)
}
