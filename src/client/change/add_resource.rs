//! `POST /_vaultdeck/resources`: AWS Backup protects what AWS has, and an engine what is registered with it.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::{HIDDEN, Request};
use super::sending::Sending;
use crate::client::text::shell_quote;
use crate::domain::extension;
use serde_json::json;

/// Registers a resource with an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct AddResource {
    /// What is registered. Its secret is sent, and neither shown nor logged.
    pub request: extension::AddResource,
    /// What its service said when it was probed, in whole sentences; empty where it was not.
    pub found: String,
}

impl AddResource {
    /// The same on the command line, which reads a secret from a file.
    fn command(&self) -> String {
        let request = &self.request;
        let mut words = vec!["vaultdeck resource add".to_owned()];
        words.extend([&request.resource_type, &request.name].map(|word| shell_quote(word)));
        words.extend(request.location.parts().map(|(part, value)| format!("{} {}", part.option(), shell_quote(value))));
        words.extend(request.secret.as_ref().map(|_| "--secret-file FILE".to_owned()));
        let tags = request.tags.iter().map(|(key, value)| shell_quote(&format!("{key}={value}")));
        words.extend(tags.map(|tag| format!("--tag {tag}")));
        let scope = [("--account", &request.account_id), ("--region", &request.region)];
        words.extend(scope.into_iter().filter_map(|(option, value)| Some(format!("{option} {}", value.as_ref()?))));
        words.join(" ")
    }
}

impl Change for AddResource {
    fn requests(&self, _: &str) -> Vec<Request> {
        let request = &self.request;
        vec![
            Request::of_engine("AddResource", self.command())
                .with("ResourceType", request.resource_type.as_str())
                .with("Name", request.name.as_str())
                .with("Location", json!(request.location))
                .with_any("Secret", request.secret.as_ref().map(|_| HIDDEN))
                .with("Tags", json!(request.tags))
                .with_any("AccountId", request.account_id.as_deref())
                .with_any("Region", request.region.as_deref()),
        ]
    }

    fn summary(&self) -> String {
        format!("Register {} {}", self.request.resource_type, self.request.name)
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    fn consequence(&self) -> String {
        self.found.clone()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let control = sending.control()?;
        let arn = sending.step_of_engine(async move { control.add_resource(&self.request).await }).await?;
        Ok(Outcome::Resource(arn))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        use crate::domain::Secret;
        use crate::domain::types::Location;
        use crate::domain::types::location::Part;
        let plain = extension::AddResource {
            resource_type: "EFS".to_owned(),
            name: "projects".to_owned(),
            location: Location::at_path("/srv/a b"),
            secret: None,
            tags: super::examples::tags(),
            account_id: None,
            region: None,
        };
        let full = extension::AddResource {
            resource_type: "RDS".to_owned(),
            location: Location::of([(Part::Url, "postgresql://backup@127.0.0.1:5432".to_owned())]),
            secret: Some(Secret::new("correct horse".to_owned())),
            account_id: Some("123456789012".to_owned()),
            region: Some("us-east-1".to_owned()),
            ..plain.clone()
        };
        let found = "Its service answered.".to_owned();
        vec![Self { request: plain, found: String::new() }, Self { request: full, found }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_the_same_thing_and_no_secret_is_in_anything_that_is_shown() {
        let full = AddResource::examples().pop().unwrap();
        let request = full.requests("token").pop().unwrap();
        let shown = format!("{full:?} {} {}", request.json(), full.command());
        assert!(!shown.contains("correct horse") && request.json().contains(HIDDEN), "{shown}");
        assert_eq!(
            full.command(),
            "vaultdeck resource add RDS projects --url postgresql://backup@127.0.0.1:5432 --secret-file FILE \
             --tag 'env=it'\\''s prod' --tag team= --account 123456789012 --region us-east-1"
        );
    }
}
