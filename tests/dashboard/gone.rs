//! The terminal goes away: its window is closed, or the connection that it came over drops.

use crate::terminal::{binary, vaultdeck};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// What happens in the terminal's last moments.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// It rests.
    Rest,
    /// Keys were pressed whose frames are still on their way.
    Keys,
    /// The screen was only just taken over.
    FirstFrame,
    /// The program was asked to end, and does.
    Quitting,
}

/// Runs the dashboard in a terminal and closes that; gives the exit code.
fn closed(data: &Path, last: Last) -> u32 {
    let pty = native_pty_system()
        .openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })
        .expect("a terminal");
    let mut command = CommandBuilder::new(binary());
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.env("LANG", "en_US.UTF-8");
    command.env("HOME", data.parent().unwrap());
    command.env("VAULTDECK_DATA_DIR", data);
    let mut child = pty.slave.spawn_command(command).expect("the dashboard starts");
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut keys = pty.master.take_writer().unwrap();
    let expected: &[u8] = if matches!(last, Last::FirstFrame) { b"\x1b[?1049h" } else { b"Needs a look" };
    let mut seen = Vec::new();
    let mut buffer = vec![0; 65_536];
    while !seen.windows(expected.len()).any(|window| window == expected) {
        let read = reader.read(&mut buffer).expect("it draws");
        assert!(read > 0, "it ended by itself: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..read]);
    }
    match last {
        Last::Rest | Last::FirstFrame => {}
        Last::Keys => keys.write_all(b"2345678j1\x0c\x0c").unwrap(),
        Last::Quitting => keys.write_all(b"q").unwrap(),
    }
    drop((keys, reader, pty.master));
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.exit_code();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{last:?}: it goes on without its terminal");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_dashboard_leaves_cleanly_and_its_jobs_resume() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let source = home.path().join("projects");
    std::fs::create_dir_all(&source).unwrap();
    // So much to read that its backup runs for as long as this test does, and little on the disk.
    std::fs::write(source.join("0"), vec![7; 64 << 20]).unwrap();
    for link in 1..1000 {
        std::fs::hard_link(source.join("0"), source.join(link.to_string())).unwrap();
    }
    vaultdeck(&data, &["resource", "add", "EFS", "projects", "--path", source.to_str().unwrap()]);
    started(&data);
    for round in 0..30 {
        let last = [Last::Rest, Last::Keys, Last::FirstFrame, Last::Quitting][round % 4];
        let code = closed(&data, last);
        // A terminal that goes before the dashboard listens for signals ends it as it ends any program.
        let allowed: &[u32] = if matches!(last, Last::FirstFrame) { &[0, 1] } else { &[0] };
        assert!(allowed.contains(&code), "round {round}, {last:?}: exit code {code}");
        let jobs: serde_json::Value = serde_json::from_str(&vaultdeck(&data, &["jobs", "--output", "json"])).unwrap();
        let state = jobs[0]["State"].as_str().unwrap();
        assert!(["CREATED", "PENDING", "RUNNING"].contains(&state), "round {round}, {last:?}: the job is {}", jobs[0]);
    }
}

/// Starts the backup in a process that is then killed, as a machine that loses its power would.
fn started(data: &Path) {
    let mut backup = std::process::Command::new(binary())
        .args(["backup", "start", "projects", "--vault", "Default"])
        .env("VAULTDECK_DATA_DIR", data)
        .env("HOME", data.parent().unwrap())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut reader = std::io::BufReader::new(backup.stderr.take().unwrap());
    while !said.contains("RUNNING") {
        let read = std::io::BufRead::read_line(&mut reader, &mut said).unwrap();
        assert!(read > 0, "the backup does not run: {said}");
    }
    backup.kill().unwrap();
    backup.wait().unwrap();
}
