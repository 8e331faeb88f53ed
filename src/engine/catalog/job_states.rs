//! The states of jobs in groups, as SQL compares with them: `state IN (…)`.

use crate::domain::job::JobState;
use std::sync::LazyLock;

/// The states of a job that is not over.
pub static OPEN: LazyLock<String> = LazyLock::new(|| list(|state| !state.is_final()));

/// The states of a job that has begun and is not over.
pub static UNDER_WAY: LazyLock<String> =
    LazyLock::new(|| list(|state| !state.is_final() && *state != JobState::Created));

fn list(which: impl Fn(&JobState) -> bool) -> String {
    let states: Vec<String> =
        JobState::KNOWN.iter().filter(|state| which(state)).map(|state| format!("'{}'", state.as_str())).collect();
    format!("({})", states.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_states_are_those_that_are_not_final() {
        let all = ["CREATED", "PENDING", "RUNNING", "ABORTING", "ABORTED", "COMPLETED", "FAILED", "EXPIRED", "PARTIAL"];
        let open: Vec<String> =
            all.iter().filter(|state| !JobState::from(**state).is_final()).map(|state| format!("'{state}'")).collect();
        assert_eq!(*OPEN, format!("({})", open.join(", ")));
        assert_eq!(*UNDER_WAY, format!("({})", open[1..].join(", ")), "all of them but CREATED");
        assert_eq!(*UNDER_WAY, "('PENDING', 'RUNNING', 'ABORTING')");
    }
}
