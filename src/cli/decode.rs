//! `vaultdeck decode`: what an encoded authorization message says.

use super::Session;
use super::arguments::{DecodeOptions, PlainFormat};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::output;
use crate::client::{Answer, Key, Query};
use crate::domain::denial::{Denial, LONGEST, encoded};
use serde_json::json;
use std::io::Read;

/// What stands around an encoded message is no longer than this.
const LONGEST_AROUND: u64 = 64 * 1024;

pub(super) async fn run(session: &Session, options: &DecodeOptions) -> Result<Exit, Failure> {
    let text = match options.message.as_str() {
        "-" => {
            let (mut text, most) = (String::new(), LONGEST as u64 + LONGEST_AROUND);
            std::io::stdin().lock().take(most).read_to_string(&mut text)?;
            text
        }
        message => message.to_owned(),
    };
    let message = message_in(&text)?.to_owned();
    let reached = Reached::open(session, &options.place, &[], false, Purpose::Look).await?;
    let told = decode(&reached, options, message).await;
    reached.close().await;
    let denial = told?;
    match options.output {
        PlainFormat::Text => output::write(&words(&denial))?,
        PlainFormat::Json => {
            let conditions: serde_json::Map<_, _> =
                denial.conditions.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
            output::print_json(&json!({
                "ExplicitDeny": denial.explicit,
                "Principal": denial.principal,
                "Action": denial.action,
                "Resource": denial.resource,
                "Statements": denial.statements,
                "Conditions": conditions,
            }))?;
        }
    }
    Ok(Exit::Done)
}

async fn decode(reached: &Reached, options: &DecodeOptions, message: String) -> Result<Denial, Failure> {
    let scope = options.scope.clone().or(reached.connection.home_scope().await?);
    match reached.connection.read(Key::scoped(scope, Query::Denial { message })).await? {
        Answer::Denial(denial) => Ok(denial.as_ref().clone()),
        _ => Err(Failure::failed("the answer is of another question")),
    }
}

/// The encoded message in a text, or the text where it is nothing else.
fn message_in(text: &str) -> Result<&str, Failure> {
    let bare = text.trim();
    let is_bare = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_alphanumeric() || "-_+/=".contains(c));
    let found = encoded(text).or(is_bare.then_some(bare));
    found.ok_or_else(|| Failure::usage("there is no encoded authorization message in that text"))
}

fn words(denial: &Denial) -> String {
    let lines = [denial.what(), denial.why()].into_iter().chain(denial.circumstances());
    lines.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_with_what_stands_around_it_or_bare() {
        let blob = "oGsbAaIV7wlfj8zUqebHUANHzFbmkzILlxyj__y9xwhIHk99U_cUq1FIeZns";
        for text in
            [blob.to_owned(), format!(" {blob}\n"), format!("no. Encoded authorization failure message: {blob} (x)")]
        {
            assert_eq!(message_in(&text).unwrap(), blob, "{text:?}");
        }
        for text in ["", "access denied", "Encoded authorization failure message: "] {
            assert!(message_in(text).is_err(), "{text:?}");
        }
    }
}
