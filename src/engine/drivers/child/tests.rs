use super::said::KEPT;
use super::{Ended, MOST_OUTPUT, Program, User};
use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::repository::Control;
use rustix::process::{Pid, test_kill_process};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

/// A real program that does what a line says.
fn sh(line: &str) -> Program {
    Program::at(Path::new("/bin/sh")).unwrap().arg("-c").arg(line)
}

fn failure(ended: Result<Ended, Fault>) -> String {
    match ended.unwrap_err() {
        Fault::Failed(message) => message,
        fault => panic!("{fault:?}"),
    }
}

fn until(what: &str, is: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_gone(pid: &str) -> bool {
    test_kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap()).is_err()
}

#[test]
fn a_program_gets_what_it_is_given_and_nothing_of_the_engines_environment() {
    let written = sh("env; echo $#; read line || echo no input").arg("name").arg("one two").env("ONE", "1").run(LONG);
    let text = String::from_utf8(written.unwrap().output).unwrap();
    let names: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    for name in &names {
        assert!(["PATH", "LC_ALL", "ONE", "PWD", "OLDPWD", "SHLVL", "_"].contains(name), "{name} in {text}");
    }
    assert!(names.contains(&"ONE") && text.contains("1\nno input"), "{text}");
}

#[test]
fn a_secret_is_in_no_argument_and_in_no_word_of_a_failure() {
    let secret = Secret::new("p@:/ %\"s".to_owned());
    let said = failure(sh("echo \"refused: $TOKEN\" >&2; exit 3").secret("TOKEN", &secret).run(LONG));
    assert_eq!(said, "sh failed (exit status: 3): refused: ***");
    let seen = sh("cat /proc/$$/cmdline; printf %s \"$TOKEN\"").secret("TOKEN", &secret).run(LONG).unwrap().output;
    let seen = String::from_utf8(seen).unwrap();
    assert_eq!(seen.matches(secret.reveal()).count(), 1, "by its environment only: {seen}");
}

#[test]
fn what_is_said_beside_a_good_end_is_told() {
    let ended = sh("echo 'ERROR: not\nquite' >&2").run(LONG).unwrap();
    assert_eq!(ended, Ended { output: Vec::new(), said: "ERROR: not quite".to_owned() });
    assert_eq!(failure(sh("kill -9 $$").run(LONG)), "sh failed (signal: 9 (SIGKILL)).");
}

#[test]
fn the_last_words_are_kept_however_much_was_said() {
    let ended =
        sh("i=0; while [ $i -lt 3000 ]; do echo \"line $i of many many words\" >&2; i=$((i + 1)); done; echo last >&2");
    let said = ended.run(LONG).unwrap().said;
    assert!(said.len() <= KEPT && said.ends_with("line 2999 of many many words last"), "{}", said.len());
}

#[test]
fn what_is_missing_or_no_program_is_refused_by_name() {
    let refused = |program: Result<Program, Fault>| program.map(drop).unwrap_err().to_string();
    let missing = refused(Program::named("vaultdeck-is-not-there", "some-package"));
    assert!(missing.contains("vaultdeck-is-not-there") && missing.contains("install some-package"), "{missing}");
    assert!(refused(Program::at(Path::new("sh"))).contains("absolute path"));
    for path in ["/no/where", "/etc/passwd", "/etc"] {
        assert!(refused(Program::at(Path::new(path))).contains(&format!("no program at {path} ")), "{path}");
    }
}

#[test]
fn a_program_that_does_nothing_is_killed_with_all_that_it_started() {
    let mut running = sh("sleep 600 & echo $!; wait").start(Duration::from_millis(300)).unwrap();
    let mut pid = String::new();
    BufReader::new(&mut running).read_line(&mut pid).unwrap();
    assert!(!is_gone(&pid));
    assert_eq!(failure(running.finish()), "sh did nothing for 0.3 s and was killed.");
    until("the grandchild is gone", || is_gone(&pid));
}

#[test]
fn one_that_waits_for_the_engine_is_left_in_peace() {
    let running = sh("head -c 1000000 /dev/zero").start(Duration::from_millis(100)).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    assert!(running.finish().is_ok());
}

#[test]
fn a_dropped_one_ends_at_once_and_so_does_what_it_left_behind() {
    for left in ["sleep 600 & echo $!; wait", "sleep 600 >/dev/null 2>&1 & echo $!"] {
        let mut running = sh(left).start(LONG).unwrap();
        let mut pid = String::new();
        BufReader::new(&mut running).read_line(&mut pid).unwrap();
        if left.ends_with("wait") {
            drop(running);
        } else {
            drop(running.finish().unwrap());
        }
        until("the grandchild is gone", || is_gone(&pid));
    }
}

/// To the kernel the death of the thread that started a program is that of the process.
#[test]
fn the_kernel_ends_a_program_whose_engine_is_gone() {
    let started = std::thread::spawn(|| {
        let mut running = sh("echo $$; exec sleep 600").start(LONG).unwrap();
        let mut pid = String::new();
        BufReader::new(&mut running).read_line(&mut pid).unwrap();
        let told = (pid.clone(), is_gone(&pid));
        // As at a `kill -9`: nothing is dropped.
        std::mem::forget(running);
        told
    });
    let (pid, was_gone) = started.join().unwrap();
    assert!(!was_gone);
    // Nobody waits for it: it stays a zombie of this process.
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_else(|_| ") Z".to_owned());
    until("the program is killed", || state().contains(") Z"));
}

#[test]
fn a_program_is_told_things_and_ends_when_nothing_more_will_come() {
    let mut running = sh("while read line; do echo \"heard $line\"; done; exit 3").with_input().start(LONG).unwrap();
    let mut line = String::new();
    for text in ["one", "two"] {
        running.tell(&format!("{text}\n")).unwrap();
        line.clear();
        BufReader::with_capacity(1 << 10, &mut running).read_line(&mut line).unwrap();
        assert_eq!(line, format!("heard {text}\n"));
    }
    assert_eq!(failure(running.finish()), "sh failed (exit status: 3).");
    assert!(sh("true").start(LONG).unwrap().tell("x").is_err(), "it has no input");
}

#[test]
fn what_a_program_is_to_read_waits_for_it_and_nobody_else_does() {
    let content = vec![b'x'; 1 << 20];
    let begin = Instant::now();
    drop(sh("exec sleep 600").with_content(&content).unwrap().start(LONG).unwrap());
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "more than a pipe holds, and nobody reads it: {:?}",
        begin.elapsed()
    );
    let read = sh("head -c 700000 /dev/stdin").with_content(&content).unwrap().run(LONG).unwrap();
    assert!(read.output == content[..700_000]);
}

/// A daemon leaves the process group and keeps what it was given.
#[test]
fn a_daemon_that_holds_the_output_holds_nobody_up() {
    let begin = Instant::now();
    let mut running = sh("setsid sleep 30 & echo $!; exit 0").start(Duration::from_millis(300)).unwrap();
    let mut written = String::new();
    let mut reader = BufReader::new(&mut running);
    reader.read_line(&mut written).unwrap();
    assert_eq!(reader.read_line(&mut String::new()).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(failure(running.finish()), "sh did nothing for 0.3 s and was killed.");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    rustix::process::kill_process(
        Pid::from_raw(written.trim().parse().unwrap()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
}

#[test]
fn a_job_that_is_stopped_waits_for_no_program() {
    let control = Control::new();
    let begin = Instant::now();
    let mut watched = sh("echo one; sleep 600").start(LONG).unwrap().watched_by(&control);
    let mut buffer = [0; 16];
    assert_eq!(watched.read(&mut buffer).unwrap(), 4);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            control.cancel();
        });
        assert!(watched.read(&mut buffer).unwrap_err().to_string().contains("stopped"));
    });
    drop(watched);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn an_answer_that_is_too_long_is_an_error_and_never_cut() {
    let writes = |bytes: u64| sh(&format!("head -c {bytes} /dev/zero")).run(LONG);
    assert_eq!(writes(MOST_OUTPUT).unwrap().output.len() as u64, MOST_OUTPUT);
    let refused = failure(writes(MOST_OUTPUT + 1));
    assert!(refused.contains("sh wrote more than the 1048576 bytes"), "{refused}");
}

/// Wherever the cut of what is kept falls, in a secret or beside it.
#[test]
fn a_secret_is_struck_out_also_where_the_last_words_begin() {
    let secret = Secret::new("hunter2 of the\twoods".to_owned());
    for before in (0..24).chain([KEPT]) {
        let line = format!(
            "{{ head -c 5000 /dev/zero | tr '\\0' x; printf %s \"$TOKEN\"; head -c {} /dev/zero | tr '\\0' y; }} >&2",
            KEPT - before
        );
        let said = sh(&line).secret("TOKEN", &secret).run(LONG).unwrap().said;
        let told = said.trim_matches('x').trim_end_matches('y');
        assert!(told.len() <= 3 && told.chars().all(|c| c == '*') && said.len() <= KEPT, "{before}: {told}");
    }
}

#[test]
fn a_user_is_found_by_the_whole_name() {
    let users = "postgresql:x:7:8::/:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
    assert_eq!(User::named("postgres", users), Some(User { uid: 101, gid: 104 }));
    assert_eq!(User::named("nobody", users), None);
}
