//! Named points at which a test can let the process die, to see what a crash there leaves behind.

/// Kills this process with SIGKILL when the environment's `VAULTDECK_CRASH_AT` names this point: `NAME`, or `NAME:N`
/// for the N-th time it is reached. Release builds contain nothing of it.
#[inline]
pub fn reached(name: &str) {
    #[cfg(debug_assertions)]
    armed::reached(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// Panics or blocks when the file that the environment's `VAULTDECK_MISBEHAVE` names says so of this point: `NAME: panic`
/// or `NAME: block`. The file is read each time, so that a test can begin well. Release builds contain nothing of it.
#[inline]
pub fn misbehave(name: &str) {
    #[cfg(debug_assertions)]
    armed::misbehave(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// Adds a line to the file that the environment's `VAULTDECK_DISK_WAITS` names: the caller waits now until something is
/// durable. A test counts the lines. Release builds contain nothing of it.
#[inline]
pub fn waits_for_disk(what: &str) {
    #[cfg(debug_assertions)]
    armed::waits_for_disk(what);
    #[cfg(not(debug_assertions))]
    let _ = what;
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Trap {
        name: String,
        remaining: AtomicU64,
    }

    fn trap() -> Option<&'static Trap> {
        static TRAP: OnceLock<Option<Trap>> = OnceLock::new();
        TRAP.get_or_init(|| parse(&std::env::var("VAULTDECK_CRASH_AT").ok()?)).as_ref()
    }

    fn parse(text: &str) -> Option<Trap> {
        let (name, count) = match text.rsplit_once(':') {
            Some((name, count)) => (name, count.parse().ok()?),
            None => (text, 1),
        };
        Some(Trap { name: name.into(), remaining: AtomicU64::new(count) })
    }

    pub(super) fn reached(name: &str) {
        let Some(trap) = trap().filter(|trap| trap.name == name) else { return };
        if trap.remaining.fetch_sub(1, Ordering::SeqCst) == 1 {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }

    pub(super) fn waits_for_disk(what: &str) {
        use std::io::Write as _;
        static FILE: OnceLock<Option<std::fs::File>> = OnceLock::new();
        let open = || {
            let path = std::env::var_os("VAULTDECK_DISK_WAITS")?;
            std::fs::OpenOptions::new().create(true).append(true).open(path).ok()
        };
        if let Some(mut file) = FILE.get_or_init(open).as_ref() {
            // One write, so that lines of several threads do not mix.
            let _ = file.write_all(format!("{what}\n").as_bytes());
        }
    }

    #[allow(clippy::panic)] // That is what it is for.
    pub(super) fn misbehave(name: &str) {
        static FILE: OnceLock<Option<std::ffi::OsString>> = OnceLock::new();
        let Some(file) = FILE.get_or_init(|| std::env::var_os("VAULTDECK_MISBEHAVE")) else { return };
        let Ok(text) = std::fs::read_to_string(file) else { return };
        match text.trim().split_once(": ") {
            Some((at, "panic")) if at == name => panic!("a test wants a panic"),
            Some((at, "block")) if at == name => std::thread::sleep(std::time::Duration::from_secs(3600)),
            _ => {}
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_trap_names_a_point_and_a_count() {
            let trap = parse("before-index:3").unwrap();
            assert_eq!((trap.name.as_str(), trap.remaining.into_inner()), ("before-index", 3));
            assert_eq!(parse("before-snapshot").unwrap().remaining.into_inner(), 1);
            assert!(parse("before-index:x").is_none());
        }
    }
}
