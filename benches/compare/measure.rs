//! What a child process costs: wall time, CPU time, and the most memory that it held.

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The cost of one run.
#[derive(Clone, Copy)]
pub struct Cost {
    pub wall: Duration,
    pub cpu: Duration,
    pub memory: u64,
}

/// Runs a command to its end; a failure is an error with what it said.
pub fn run(command: &mut Command) -> io::Result<Cost> {
    // What earlier runs left to be written must not slow this one.
    rustix::fs::sync();
    let before = cpu_of_children()?;
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
    let mut memory = 0;
    let status = loop {
        // The high-water mark only grows, so the last reading is right but for what the last milliseconds added.
        memory = memory.max(high_water_mark(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(4));
    };
    let wall = started.elapsed();
    if !status.success() {
        return Err(io::Error::other(format!("{command:?}: {status}")));
    }
    Ok(Cost { wall, cpu: cpu_of_children()?.saturating_sub(before), memory })
}

/// User and system time of all children that were waited for.
fn cpu_of_children() -> io::Result<Duration> {
    let status = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = status.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    // The kernel reports in hundredths of a second to user space, whatever its own tick is. The fields count from the state.
    Ok(Duration::from_millis((ticks(13) + ticks(14)) * 10))
}

fn high_water_mark(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}
