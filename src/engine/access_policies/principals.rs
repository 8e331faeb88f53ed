//! Whether those whom a policy names are there.

use crate::domain::policy::{Element, Policy, PrincipalEntry};
use crate::domain::{Arn, Invalid};
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::organization::credentials::USER_NAME;
use crate::engine::organization::rows::{accounts, roles};

/// Refuses a policy that names somebody who is not there, as AWS does: a name that is misspelled would protect nobody.
pub(super) fn check(connection: &Connection, policy: &Policy) -> Result<()> {
    for (index, statement) in policy.statements.iter().enumerate() {
        let (Element::Only(entries) | Element::AllBut(entries)) = &statement.principals;
        for entry in entries {
            if let Some(unknown) = unknown(connection, entry)? {
                let rule = format!("invalid principal in policy: there is no {unknown}");
                return Err(Invalid::value(format!("Policy.Statement[{index}].Principal"), rule).into());
            }
        }
    }
    Ok(())
}

/// What of an entry there is not.
fn unknown(connection: &Connection, entry: &PrincipalEntry) -> Result<Option<String>> {
    let (account, arn) = match entry {
        PrincipalEntry::Anybody | PrincipalEntry::Service(_) => return Ok(None),
        PrincipalEntry::Account(account) => (account.clone(), None),
        PrincipalEntry::Identity(arn) => (arn.account().parse()?, Some(arn)),
    };
    if accounts::get(connection, &account)?.is_none() {
        return Ok(Some(format!("account {account} in this organization")));
    }
    let Some(arn) = arn else { return Ok(None) };
    let session = arn.resource().strip_prefix("assumed-role/").and_then(|name| name.split('/').next());
    let is_there = match (arn.resource().strip_prefix("user/"), session) {
        (Some(user), _) => user == USER_NAME,
        (None, Some(role)) => roles::exists(connection, &Arn::role(&account, role))?,
        (None, None) => roles::exists(connection, arn)?,
    };
    Ok((!is_there).then(|| arn.to_string()))
}
