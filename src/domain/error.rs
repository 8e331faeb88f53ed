//! A value that breaks a rule.

/// Why a value was refused. The message names the field and the rule, in AWS's own words where they are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// What kind of mistake it is; decides AWS's exception.
    pub kind: InvalidKind,
    /// The member at fault, with AWS's name (`BackupVaultName`, `Rules[0].ScheduleExpression`).
    pub field: String,
    /// What to tell the user.
    pub message: String,
}

/// The two ways in which input can be wrong before anything is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidKind {
    /// A required member is absent: `MissingParameterValueException`.
    Missing,
    /// A member has a value that its rule does not allow: `InvalidParameterValueException`.
    Value,
}

impl Invalid {
    /// A required member that was not given.
    pub fn missing(field: impl Into<String>) -> Self {
        let field = field.into();
        Self { kind: InvalidKind::Missing, message: format!("{field} is required"), field }
    }

    /// A member whose value breaks `rule`; the message reads `Invalid FIELD: RULE`.
    pub fn value(field: impl Into<String>, rule: impl std::fmt::Display) -> Self {
        let field = field.into();
        Self { kind: InvalidKind::Value, message: format!("Invalid {field}: {rule}"), field }
    }

    /// A member whose value is wrong, with the whole message given (AWS's own words).
    pub fn with_message(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: InvalidKind::Value, field: field.into(), message: message.into() }
    }
}
