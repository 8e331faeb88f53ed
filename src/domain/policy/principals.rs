//! Who asks, and whom a statement names.

use super::Element;
use crate::domain::{AccountId, Arn};
use std::fmt;

/// Whom a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalEntry {
    /// `*`.
    Anybody,
    /// All of an account: its id, or the ARN of its root.
    Account(AccountId),
    /// A user, a role or a session of one.
    Identity(Arn),
    /// An AWS service. None of those asks an engine for anything.
    Service(String),
}

/// Who asks: an account, and within it a user, or a role with the session that it was entered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its account.
    pub account: AccountId,
    /// The user; or the role, and behind it the session. Nobody is the account's root.
    within: Vec<Arn>,
}

impl Identity {
    /// The one that an ARN names: of a user, a role, a session of a role, or an account's root.
    pub fn of(arn: &Arn) -> Option<Self> {
        let account: AccountId = arn.account().parse().ok()?;
        let within = match (arn.service(), arn.resource()) {
            ("iam", "root") => Vec::new(),
            ("iam", name) if name.starts_with("user/") || name.starts_with("role/") => vec![arn.clone()],
            ("sts", name) => {
                let role = name.strip_prefix("assumed-role/")?.split('/').next()?;
                vec![Arn::role(&account, role), arn.clone()]
            }
            _ => return None,
        };
        Some(Self { account, within })
    }

    /// The root of an account.
    pub fn root(account: &AccountId) -> Self {
        Self { account: account.clone(), within: Vec::new() }
    }

    /// `aws:PrincipalArn`: of a session it is the role's.
    pub fn principal_arn(&self) -> String {
        self.within.first().map_or_else(|| format!("arn:aws:iam::{}:root", self.account), ToString::to_string)
    }

    /// `aws:PrincipalType`.
    pub fn kind(&self) -> &'static str {
        match &self.within[..] {
            [] => "Account",
            [one] if one.resource().starts_with("user/") => "User",
            _ => "AssumedRole",
        }
    }

    fn is(&self, entry: &PrincipalEntry) -> bool {
        match entry {
            PrincipalEntry::Anybody => true,
            PrincipalEntry::Account(account) => *account == self.account,
            PrincipalEntry::Identity(arn) => self.within.contains(arn),
            PrincipalEntry::Service(_) => false,
        }
    }
}

/// As refusals name it: the session where there is one.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within.last() {
            Some(arn) => arn.fmt(f),
            None => write!(f, "arn:aws:iam::{}:root", self.account),
        }
    }
}

impl Element<PrincipalEntry> {
    /// Whether a statement is about this identity.
    ///
    /// `NotPrincipal` spares only who is named in every part: a user and its account, or a role, its session and its
    /// account. Of an account that is named alone, every user is still meant.
    pub(super) fn is_about(&self, identity: &Identity) -> bool {
        match self {
            Self::Only(entries) => entries.iter().any(|entry| identity.is(entry)),
            Self::AllBut(entries) => {
                let named = |entry: &PrincipalEntry| entries.iter().any(|e| e == entry);
                let whole = named(&PrincipalEntry::Account(identity.account.clone()))
                    && identity.within.iter().all(|arn| named(&PrincipalEntry::Identity(arn.clone())));
                !whole && !named(&PrincipalEntry::Anybody)
            }
        }
    }
}
