//! The standard benchmark tree: about 1.5 GB in 26,800 files, the same bytes every time.
//!
//! 300 MB of source-like text in small files, 200 MB of logs, 325 MB that nothing compresses, 400 MB of database pages, a disk
//! image of 268 MB (40 % zeros, 40 % text, 20 % random), exact duplicates, and duplicates that are shifted by a few bytes.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

const MIB: usize = 1 << 20;

/// What was written.
pub struct Written {
    pub files: u64,
    pub bytes: u64,
}

/// Writes the tree into a new folder. `scale` 1.0 is 1.5 GB.
pub fn generate(root: &Path, scale: f64) -> io::Result<Written> {
    fs::create_dir_all(root)?;
    let mut tree = Generator {
        root,
        scale,
        random: Random::new(20_261_101),
        lines: Vec::new(),
        written: Written { files: 0, bytes: 0 },
    };
    tree.lines = source_lines(&mut tree.random);
    let small = tree.small_files()?;
    tree.logs()?;
    let big = tree.media()?;
    tree.database()?;
    tree.disk_image()?;
    tree.duplicates(&small, &big)?;
    Ok(tree.written)
}

struct Generator<'a> {
    root: &'a Path,
    scale: f64,
    random: Random,
    lines: Vec<Vec<u8>>,
    written: Written,
}

impl Generator<'_> {
    fn write(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.written.files += 1;
        self.written.bytes += content.len() as u64;
        fs::write(path, content)
    }

    fn folder(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.root.join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    fn scaled(&self, count: f64) -> usize {
        (count * self.scale) as usize
    }

    /// Source-like text of exactly `size` bytes.
    fn text(&mut self, size: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(size + 4096);
        while text.len() < size {
            let start = self.random.below(self.lines.len() - 60);
            let count = 5 + self.random.below(56);
            for line in &self.lines[start..start + count] {
                text.extend_from_slice(line);
                text.push(b'\n');
            }
            text.extend_from_slice(format!("# {:x}\n", self.random.next() >> 16).as_bytes());
        }
        text.truncate(size);
        text
    }

    fn small_files(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        let mut total = 0;
        while total < self.scaled(300.0 * MIB as f64) {
            let size = (self.random.log_normal(8.8, 1.1) as usize).min(2 * MIB) + 40;
            let count = paths.len();
            let folder = self.folder(&format!("small/{:02}/{:02}", count / 2000, (count / 100) % 20))?;
            let path = folder.join(format!("f{count:06}.py"));
            let content = self.text(size);
            self.write(&path, &content)?;
            paths.push(path);
            total += size;
        }
        Ok(paths)
    }

    fn logs(&mut self) -> io::Result<()> {
        let folder = self.folder("logs")?;
        let levels = ["INFO", "INFO", "INFO", "WARN", "ERROR"];
        let objects = ["users", "orders", "items", "carts"];
        let statuses = [200, 200, 200, 201, 404, 500];
        for file in 0..8 {
            let mut content = Vec::new();
            let mut clock = 1.7e9 + f64::from(file) * 86_400.0;
            while content.len() < self.scaled(24.0 * MIB as f64) {
                let random = &mut self.random;
                clock += random.fraction() * 0.05;
                writeln!(
                    content,
                    "{clock:.3} {} req={:016x} ip=10.{}.{}.{} path=/api/v1/{}/{} status={} ms={:.1}",
                    levels[random.below(5)],
                    random.next(),
                    random.below(4),
                    random.below(256),
                    random.below(256),
                    objects[random.below(4)],
                    random.below(100_000),
                    statuses[random.below(6)],
                    -(1.0 - random.fraction()).ln() / 0.05,
                )?;
            }
            self.write(&folder.join(format!("app{file}.log")), &content)?;
        }
        Ok(())
    }

    fn media(&mut self) -> io::Result<Vec<PathBuf>> {
        let folder = self.folder("media")?;
        let mut paths = Vec::new();
        for number in 0..self.scaled(55.0).max(1) {
            let path = folder.join(format!("img{number:03}.bin"));
            let size = MIB + self.random.below(10 * MIB);
            let content = self.random.bytes(size);
            self.write(&path, &content)?;
            paths.push(path);
        }
        Ok(paths)
    }

    fn database(&mut self) -> io::Result<()> {
        let folder = self.folder("db")?;
        let mut file = BufWriter::with_capacity(MIB, fs::File::create(folder.join("base.16384"))?);
        let pages = self.scaled(384.0 * 128.0);
        for number in 0..pages {
            let mut page = vec![0; 8192];
            page[..8].copy_from_slice(&(number as u64).to_le_bytes());
            page[8..16].copy_from_slice(&self.random.next().to_le_bytes());
            let (mut slot, mut row_at) = (24, page.len());
            loop {
                let mut row = (self.random.next() >> 1).to_le_bytes().to_vec();
                row.extend_from_slice(&(self.random.below(1_000_000) as u64).to_le_bytes());
                row.extend_from_slice(format!("user{:07}@example.com", self.random.below(10_000_000)).as_bytes());
                let line = &self.lines[self.random.below(self.lines.len())];
                row.extend_from_slice(&line[..line.len().min(80)]);
                if row_at < row.len() + slot + 700 {
                    break;
                }
                row_at -= row.len();
                page[row_at..row_at + row.len()].copy_from_slice(&row);
                page[slot..slot + 4].copy_from_slice(&(row_at as u32).to_le_bytes());
                slot += 4;
            }
            file.write_all(&page)?;
        }
        self.written.files += 1;
        self.written.bytes += (pages * 8192) as u64;
        file.flush()
    }

    fn disk_image(&mut self) -> io::Result<()> {
        const EXTENT: usize = 256 << 10;
        let folder = self.folder("vm")?;
        let mut file = BufWriter::with_capacity(MIB, fs::File::create(folder.join("disk.img"))?);
        let extents = self.scaled(1024.0);
        for _ in 0..extents {
            let kind = self.random.fraction();
            let extent = if kind < 0.4 {
                vec![0; EXTENT]
            } else if kind < 0.8 {
                self.text(EXTENT)
            } else {
                self.random.bytes(EXTENT)
            };
            file.write_all(&extent)?;
        }
        self.written.files += 1;
        self.written.bytes += (extents * EXTENT) as u64;
        file.flush()
    }

    fn duplicates(&mut self, small: &[PathBuf], big: &[PathBuf]) -> io::Result<()> {
        let folder = self.folder("dup")?;
        for number in 0..self.scaled(1200.0) {
            let content = fs::read(&small[self.random.below(small.len())])?;
            self.write(&folder.join(format!("d{number:05}")), &content)?;
        }
        for number in 0..6 {
            let mut content = fs::read(&big[self.random.below(big.len())])?;
            let at = self.random.below(content.len());
            content.splice(at..at, *b"INSERTED");
            self.write(&folder.join(format!("m{number}")), &content)?;
        }
        Ok(())
    }
}

/// Lines that compress about as source code does: indentation, a vocabulary with favourites, a few shapes.
fn source_lines(random: &mut Random) -> Vec<Vec<u8>> {
    const SYLLABLES: [&str; 24] = [
        "con", "fig", "re", "ad", "path", "val", "ue", "for", "mat", "in", "dex", "er", "ror", "par", "se", "list",
        "get", "set", "name", "buf", "fer", "type", "arg", "load",
    ];
    let words: Vec<String> = (0..2500)
        .map(|_| {
            (0..2 + random.below(3))
                .map(|_| SYLLABLES[random.below(SYLLABLES.len())])
                .collect::<Vec<_>>()
                .join(if random.below(3) == 0 { "_" } else { "" })
        })
        .collect();
    (0..60_000)
        .map(|_| {
            // The square favours the front of the vocabulary, as languages do.
            let mut word = || words[((random.fraction() * random.fraction()) * words.len() as f64) as usize].clone();
            let (a, b, c, d) = (word(), word(), word(), word());
            let indent = " ".repeat(4 * (1 + random.below(4)));
            match random.below(9) {
                0 => format!("    def {a}(self, {b}, {c}=None):"),
                1 => format!("{indent}if {a} is not None and {b} in self.{c}:"),
                2 => format!("{indent}self.{a} = {b}({c}, {d}={})", random.below(100)),
                3 => format!("{indent}return {a}.{b}({c})"),
                4 => format!("{indent}raise ValueError(\"{a} {b} must be {c}: %r\" % {d})"),
                5 => format!("{indent}# The {a} of the {b} is {c} when {d} was not given."),
                6 => format!("{indent}for {a} in {b}.{c}():"),
                7 => format!("{indent}{a}.append(({b}, {c}[{}]))", random.below(16)),
                _ => format!("{indent}{a}, {b} = {c}.split(\"{d}\", 1)"),
            }
            .into_bytes()
        })
        .collect()
}

/// A small generator of pseudo-random numbers (splitmix64): the tree must be the same on every machine and in every year.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A number in 0..1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn log_normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.fraction()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.fraction();
        (mean + deviation * radius * angle.cos()).exp()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}
