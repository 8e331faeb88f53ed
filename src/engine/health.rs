//! Whether the engine does what it is there for, as a person or a monitor wants to know it.

use crate::domain::extension::{Health, Problem, ProblemSeverity, READ_ONLY_DIRECTORY};
use crate::engine::Engine;
use crate::engine::data_dir::Access;
use crate::engine::jobs::pulse::SILENCE;
use crate::engine::keys::Standing;
use crate::engine::points::rows::damage;

impl Engine {
    /// What is wrong with the engine itself, the worst first. It waits for nothing that may be stuck.
    pub fn health(&self) -> Health {
        let found = [
            self.read_only_directory(),
            self.conductor_trouble(),
            self.panics(),
            self.clock_trouble(),
            self.damaged_points(),
            self.full_disk(),
            self.delivery_trouble(),
            self.root_trouble(),
        ];
        let mut problems: Vec<Problem> = found.into_iter().flatten().collect();
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
        Health { healthy: problems.iter().all(|problem| problem.severity < ProblemSeverity::Error), problems }
    }

    /// Lets the conductor look around now.
    pub fn wake(&self) {
        self.jobs.wake();
    }

    /// Whether the conductor's thread has ended though nobody stopped it: nothing will happen in this process any more.
    pub fn conductor_is_gone(&self) -> bool {
        !self.jobs.is_stopping() && self.jobs.conductor_ended()
    }

    fn read_only_directory(&self) -> Option<Problem> {
        let message = match self.data_dir.access() {
            Access::Read(why) => format!(
                "The data directory is read-only ({}): lists, checks and restores into other folders work; nothing is \
                 backed up, no plan runs, nothing expires, nothing can be changed. When it can be written again, start the \
                 engine again.",
                why.reason()
            ),
            Access::Write if self.data_dir.became_read_only() => {
                "The file system of the data directory became read-only while the engine ran: nothing that it does can be \
                 written down. Start the engine again: then lists, checks and restores into other folders work."
                    .to_owned()
            }
            Access::Write => return None,
        };
        Some(Problem { code: READ_ONLY_DIRECTORY.to_owned(), severity: ProblemSeverity::Error, message })
    }

    fn conductor_trouble(&self) -> Option<Problem> {
        if self.jobs.is_stopping() {
            return None;
        }
        let error = |code: &str, message: String| {
            Some(Problem { code: code.to_owned(), severity: ProblemSeverity::Error, message })
        };
        if self.jobs.conductor_ended() {
            return error(
                "ConductorStopped",
                "The engine's conductor has ended: no job starts, no plan runs, nothing expires. Start the engine again."
                    .to_owned(),
            );
        }
        let signs = self.jobs.pulse.signs();
        let silence = self.clock.awake().saturating_sub(signs.last);
        if silence > SILENCE {
            let what = if signs.step.is_empty() { "it did not begin its next turn" } else { signs.step };
            return error(
                "ConductorBlocked",
                format!(
                    "The engine's conductor has given no sign of life for {} seconds ({what}): no job starts, no plan \
                     runs, nothing expires. If it does not come back by itself, start the engine again.",
                    silence.as_secs()
                ),
            );
        }
        let failure = signs.failure?;
        error(
            "ConductorFails",
            format!("The engine cannot do all that is due, and tries again every few seconds: {failure}"),
        )
    }

    /// Recovery points that need something lost, in numbers: which they are is told to signed callers.
    fn damaged_points(&self) -> Option<Problem> {
        let vaults = self.catalog.read(damage::by_vault).ok().filter(|vaults| !vaults.is_empty())?;
        let (points, items) = vaults.iter().fold((0, 0), |sum, (_, points, items)| (sum.0 + points, sum.1 + items));
        let number = |number: u64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let message = format!(
            "{} in {} cannot be restored whole: {} lost. Their StatusMessage names what is lost, and vaultdeck vault check \
             says what to do. Back the resources up again: what is still at its source is stored anew.",
            number(points, "recovery point"),
            number(vaults.len() as u64, "vault"),
            number(items, "item")
        );
        Some(Problem { code: "RecoveryPointsDamaged".to_owned(), severity: ProblemSeverity::Warning, message })
    }

    /// No backup starts, and yet all else goes on.
    fn full_disk(&self) -> Option<Problem> {
        let standing = self.data_dir.reserve().standing();
        standing.is_short().then(|| Problem {
            code: "DiskFull".to_owned(),
            severity: ProblemSeverity::Error,
            message: standing.told(),
        })
    }

    /// The key ring is between two roots.
    fn root_trouble(&self) -> Option<Problem> {
        let Standing::Waiting(why) = self.keys.standing() else { return None };
        let message = format!(
            "The key ring's move to another root is not finished: {why}. Until then the root before opens all that there was. \
             The next start with the new root goes on; vaultdeck key root move goes back, or to another."
        );
        Some(Problem { code: "KeyRootMoves".to_owned(), severity: ProblemSeverity::Warning, message })
    }

    fn panics(&self) -> Option<Problem> {
        let signs = self.jobs.pulse.signs();
        let message = signs.last_panic.map(|what| {
            format!(
                "A fault in the program interrupted {} of the engine's steps since it was started; the last one: {what}. \
                 The engine goes on; please report it.",
                signs.panics
            )
        })?;
        Some(Problem { code: "ConductorPanicked".to_owned(), severity: ProblemSeverity::Warning, message })
    }

    fn clock_trouble(&self) -> Option<Problem> {
        let doubt = self.clock.doubt()?;
        let time = |time: crate::domain::Time| time.format("%Y-%m-%d %H:%M:%S UTC");
        let message = format!(
            "The system's clock shows {} and should show {}. Until it is right again nothing expires and no run counts as \
             missed. If it is right now, say so: vaultdeck clock confirm. By itself it counts from {} on.",
            time(doubt.shown),
            time(doubt.expected),
            time(doubt.until)
        );
        Some(Problem { code: "ClockDoubted".to_owned(), severity: ProblemSeverity::Warning, message })
    }
}
