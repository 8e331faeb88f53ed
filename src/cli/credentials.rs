//! `vaultdeck credentials`: an access key for other tools.

use super::Session;
use super::arguments::{CredentialsFormat, CredentialsOptions};
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::output;
use crate::domain::extension::{Credentials, CredentialsRequest};

pub(super) async fn run(session: &Session, options: CredentialsOptions) -> Result<Exit, Failure> {
    let request = CredentialsRequest {
        account_id: options.scope.account.map(String::from),
        region: options.scope.region.map(String::from),
    };
    let host = Host::reach(session, Purpose::Look).await?;
    let key = host.control().credentials(&request).await;
    host.close().await;
    match options.output {
        CredentialsFormat::Json => output::print_json(&key?)?,
        CredentialsFormat::Env => output::write(&for_shell(&key?))?,
    }
    Ok(Exit::Done)
}

/// Lines for `eval`. What the shell had of another identity is taken away, since it would be mixed with this one.
fn for_shell(key: &Credentials) -> String {
    let pairs = [
        ("AWS_ACCESS_KEY_ID", &key.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &key.secret_access_key),
        ("AWS_REGION", &key.region),
        ("AWS_DEFAULT_REGION", &key.region),
    ];
    let mut text = "unset AWS_SESSION_TOKEN AWS_PROFILE\n".to_owned();
    for (name, value) in pairs {
        text += &format!("export {name}='{}'\n", value.replace('\'', "'\\''"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_safe_for_a_shell() {
        let key = Credentials {
            access_key_id: "AKIA1".to_owned(),
            secret_access_key: "a'b;c".to_owned(),
            account_id: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint_url: None,
        };
        let text = for_shell(&key);
        assert!(text.contains("export AWS_SECRET_ACCESS_KEY='a'\\''b;c'\n"), "{text}");
        assert!(text.contains("export AWS_REGION='us-east-1'\n"));
    }
}
