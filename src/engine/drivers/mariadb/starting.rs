//! Waiting for a server that was started: it takes connections, or ends, or its time is over.

use super::faults;
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Running;
use std::time::{Duration, Instant};

/// How long a server may take until it takes connections: what its log has to be worked off for is prepared before.
pub(super) const LIMIT: Duration = Duration::from_secs(30 * 60);

/// How often it is asked whether it does.
const ASK: Duration = Duration::from_millis(100);

/// How much of what it said is told.
const TOLD: usize = 1500;

/// The server once it answers. The inner error says why it ended before. One that does neither in `limit` is killed.
pub(super) fn await_answer(
    server: Running,
    limit: Duration,
    is_stopped: &dyn Fn() -> bool,
    ask: &dyn Fn() -> Result<(), Fault>,
) -> Result<Result<Running, String>, Fault> {
    let begun = Instant::now();
    loop {
        if server.has_ended() {
            return Ok(Err(match server.finish() {
                Err(fault) => fault.to_string(),
                Ok(ended) => format!("mariadbd ended: {}", ended.said),
            }));
        }
        let Err(fault) = ask() else { return Ok(Ok(server)) };
        if is_stopped() {
            return Err(Fault::Failed("The test was stopped.".to_owned()));
        }
        if begun.elapsed() > limit {
            let (seconds, said) = (limit.as_secs_f64(), server.kill());
            let (said, client) = (last(&said), fault.to_string());
            return Err(Fault::Failed(format!(
                "The scratch server took no connections for {seconds} s and was killed. It said last: {said} The client said: {}",
                faults::told(&client)
            )));
        }
        std::thread::sleep(ASK);
    }
}

/// The end of what a program said.
fn last(said: &str) -> &str {
    let from = (said.len().saturating_sub(TOLD)..=said.len()).find(|at| said.is_char_boundary(*at));
    match &said[from.unwrap_or_default()..] {
        "" => "nothing.",
        last => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::drivers::child::Program;
    use std::path::Path;

    fn server(script: &str) -> Running {
        Program::at(Path::new("/bin/sh")).unwrap().arg("-c").arg(script).start(Duration::from_secs(60)).unwrap()
    }

    fn awaited(script: &str, limit: u64, answers: bool) -> Result<Result<Running, String>, Fault> {
        let ask = move || {
            if answers { Ok(()) } else { Err(Fault::Failed("mariadb failed: ERROR 2002 (HY000): no".to_owned())) }
        };
        await_answer(server(script), Duration::from_millis(limit), &|| false, &ask)
    }

    #[test]
    fn a_server_that_never_takes_connections_ends_with_what_it_said_last() {
        let Err(fault) = awaited("echo 'InnoDB: waiting for ibdata1' >&2; sleep 600", 700, false) else {
            panic!("it waited for ever")
        };
        let told = fault.to_string();
        for part in ["took no connections for 0.7 s", "InnoDB: waiting for ibdata1", "ERROR 2002 (HY000): no"] {
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(last(&"ü".repeat(1000)).len(), TOLD);
    }

    #[test]
    fn one_that_ends_says_why_and_one_that_answers_runs() {
        let ended = awaited("echo 'Aborting' >&2; exit 1", 60_000, false).unwrap();
        assert!(ended.is_err_and(|why| why.contains("Aborting")));
        let Ok(running) = awaited("sleep 600", 60_000, true).unwrap() else { panic!("it does not run") };
        drop(running);
    }
}
