//! What protects a vault and its recovery points, as the vault's folder tells of it: its lock, its access policy, its
//! shares, and the legal holds. The catalog says the same, but for the day when it is older, or lost.

use crate::domain::Arn;
use crate::domain::extension::{CheckKind, CheckProblem};
use crate::engine::Engine;
use crate::engine::check::Mend;
use crate::engine::error::{Error, Result};
use crate::engine::holds::faults::HoldFault;
use crate::engine::vaults::records::RecordFault;

const ADVICE: &str = "What protects the vault is written again from the catalog, which knows it: it holds as before";

/// A file in a vault's folder that does not tell what protects it.
struct Fault {
    subject: String,
    what: String,
    /// Whether it is known from elsewhere what it is to say.
    is_known: bool,
}

/// Looks at these files; those that are known from elsewhere are written again where that is allowed.
pub(super) fn check(engine: &Engine, vault: &Arn, mend: Mend) -> Vec<CheckProblem> {
    let faults = faults(engine, vault);
    if mend == Mend::Nothing || faults.is_empty() {
        return faults.into_iter().map(|fault| problem(fault, None)).collect();
    }
    let failure = engine.write_protection_again(vault).err().map(|error| error.to_string());
    let left: Vec<String> = self::faults(engine, vault).into_iter().map(|fault| fault.subject).collect();
    let told = |fault: Fault| {
        let is_left = left.contains(&fault.subject);
        problem(fault, Some(if is_left { Err(failure.as_deref()) } else { Ok(()) }))
    };
    faults.into_iter().map(told).collect()
}

fn faults(engine: &Engine, vault: &Arn) -> Vec<Fault> {
    let records = engine.record_faults(vault).map(|faults| {
        let fault = |fault: RecordFault| Fault {
            subject: format!("the record of the vault's {} (vaultdeck/{})", fault.of, fault.file),
            what: fault.what,
            is_known: fault.is_known,
        };
        faults.into_iter().map(fault).collect()
    });
    let holds = engine.hold_faults(vault).map(|faults| {
        let fault = |fault: HoldFault| Fault {
            subject: format!("the record of legal hold {} (vaultdeck/{})", fault.hold, fault.file),
            what: fault.what,
            is_known: fault.is_known,
        };
        faults.into_iter().map(fault).collect()
    });
    // What cannot be looked at is told, and the rest of the vault is checked.
    let unread = |subject: &str| {
        let subject = subject.to_owned();
        move |error: Error| vec![Fault { subject, what: error.to_string(), is_known: false }]
    };
    let records: Vec<Fault> =
        records.unwrap_or_else(unread("the records of the vault's lock, access policy and shares"));
    let holds: Vec<Fault> = holds.unwrap_or_else(unread("the records of the vault's legal holds"));
    records.into_iter().chain(holds).collect()
}

/// What is told of a fault, and of writing the file again: that it was, or not, and why.
fn problem(fault: Fault, written: Option<std::result::Result<(), Option<&str>>>) -> CheckProblem {
    let Fault { subject, what, is_known } = fault;
    let message = match written {
        Some(Ok(())) => format!("{what}; it was written again from the catalog"),
        Some(Err(Some(why))) if is_known => format!("{what}, and it could not be written again: {why}"),
        Some(Err(_)) | None => what,
    };
    let advice = if is_known {
        ADVICE
    } else {
        "Nobody else knows what it said: put back your copy of it, or a newer copy of the catalog"
    };
    CheckProblem {
        kind: if is_known { CheckKind::Protection } else { CheckKind::File },
        subject,
        message,
        recovery_point_arn: None,
        item_count: None,
        items: Vec::new(),
        repaired: written == Some(Ok(())),
        advice: Some(advice.to_owned()),
    }
}

impl Engine {
    /// Makes the vault's folder say of its lock, its access policy, its shares and its legal holds what the catalog says.
    pub(crate) fn write_protection_again(&self, vault: &Arn) -> Result<()> {
        self.settle_records(vault)?;
        self.write_holds_again(vault)
    }
}
