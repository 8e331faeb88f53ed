//! The key in AWS KMS that keeps the root of an engine's key ring: `Encrypt` and `Decrypt`, signed without
//! the SDK of KMS, with the keys that the environment or a profile gives.

use crate::client::json_service::JsonService;
use crate::client::kms::{Kms, NAMES};
use crate::client::signed::{aws_url, keys};
use crate::client::wire::Wire;
use crate::client::{Fault, FaultKind};
use crate::domain::{Arn, Region};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where KMS is, and whose keys sign.
#[derive(Debug, Clone, Default)]
pub struct RootKey {
    /// The URL of KMS; AWS's own of each key's region when there is none.
    pub endpoint_url: Option<String>,
    /// The profile; what the environment gives when there is none.
    pub profile: Option<String>,
}

impl RootKey {
    /// Encrypts with a key, or the key of an alias, and one pair of context. The key's own ARN, and what was made.
    pub async fn encrypt(&self, key: &Arn, plain: &[u8], context: (&str, &str)) -> Result<(Arn, Vec<u8>), Fault> {
        let mut input = input(key, context);
        input.insert("Plaintext".to_owned(), json!(STANDARD.encode(plain)));
        let answer = self.kms(key).await?.call("Encrypt", &input).await?.body;
        let arn = answer["KeyId"].as_str().and_then(|arn| arn.parse().ok());
        let made = answer["CiphertextBlob"].as_str().and_then(|text| STANDARD.decode(text).ok());
        arn.zip(made).ok_or_else(|| unusable("Encrypt"))
    }

    /// Decrypts what that made, with the key's own ARN and the same context.
    pub async fn decrypt(
        &self,
        key: &Arn,
        ciphertext: &[u8],
        context: (&str, &str),
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut input = input(key, context);
        input.insert("CiphertextBlob".to_owned(), json!(STANDARD.encode(ciphertext)));
        let mut answer = self.kms(key).await?.call("Decrypt", &input).await?.body;
        let Value::String(plain) = answer["Plaintext"].take() else { return Err(unusable("Decrypt")) };
        let plain = Zeroizing::new(plain);
        STANDARD.decode(plain.as_bytes()).map(Zeroizing::new).map_err(|_| unusable("Decrypt"))
    }

    async fn kms(&self, key: &Arn) -> Result<Kms, Fault> {
        let refused = |why: &str| Fault::new(FaultKind::Refused, why);
        let region: Region = key.region().parse().map_err(|_| refused("the ARN of the key names no region"))?;
        let wire = match &self.endpoint_url {
            Some(url) => Wire::to(url).map_err(refused)?,
            None => Wire::tls(Arc::new(|_| {})),
        };
        let none = || Fault::new(FaultKind::Expired, "no AWS keys are to be had");
        let credentials = keys(self.profile.as_deref()).await.ok_or_else(none)?;
        let url = match &self.endpoint_url {
            Some(url) => format!("{}/", url.trim_end_matches('/')),
            None => {
                let partition = key.as_str().split(':').nth(1).unwrap_or("aws");
                format!("{}/", aws_url("kms", region.as_str(), partition))
            }
        };
        Ok(Kms(JsonService { wire, url, region, credentials, names: NAMES }))
    }
}

fn input(key: &Arn, (name, value): (&str, &str)) -> Map<String, Value> {
    Map::from_iter([
        ("KeyId".to_owned(), json!(key.as_str())),
        ("EncryptionContext".to_owned(), json!({ name: value })),
    ])
}

fn unusable(operation: &str) -> Fault {
    Fault::new(FaultKind::Other, format!("{operation} gave an answer that cannot be used"))
}
