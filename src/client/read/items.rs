//! What a recovery point holds: the engine's own route, signed as AWS Backup's are.

use super::{MOST_PAGES, Question, SoFar};
use crate::client::connect::Connection;
use crate::client::control::{checked, segment};
use crate::client::wire::OPERATION_LIMIT;
use crate::client::{Fault, FaultKind, Feature, map};
use crate::domain::extension::{Items, RECOVERY_POINTS};
use crate::domain::{Arn, PointDetails, Scope};

impl Connection {
    /// All entries of a folder of a recovery point.
    pub(super) async fn items(
        &self,
        scope: &Scope,
        recovery_point: &Arn,
        path: &str,
        question: &Question,
    ) -> Result<Items, Fault> {
        let unsupported = |why| Fault::new(FaultKind::NotSupported { operation: "items of a recovery point" }, why);
        self.capabilities().allows(Feature::Items).map_err(unsupported)?;
        let base = self.base_url().ok_or_else(|| Fault::not_supported("items of a recovery point"))?;
        let route = format!("{base}{RECOVERY_POINTS}{}/items", segment(recovery_point.as_str()));
        let mut all = Items {
            items: Vec::new(),
            missing: Vec::new(),
            lost: Vec::new(),
            details: PointDetails::new(),
            bases: Vec::new(),
            note: None,
            next_token: None,
        };
        for _ in 0..MOST_PAGES {
            question.bucket.turn().await;
            let mut url = format!("{route}?path={}&maxResults=1000", segment(path));
            if let Some(token) = &all.next_token {
                url.push_str(&format!("&nextToken={}", segment(token)));
            }
            let request = self.signed_get(scope, &url).await?;
            let response = self.wire().ask(request, OPERATION_LIMIT).await.map_err(|error| Fault::from(&error))?;
            let page: Items = serde_json::from_slice(&checked(response)?)
                .map_err(|error| Fault::new(FaultKind::Other, format!("the items cannot be read: {error}")))?;
            all.items.extend(page.items);
            all.missing.extend(page.missing);
            all.lost.extend(page.lost);
            all.details.extend(page.details);
            all.bases.extend(page.bases);
            all.note = all.note.or(page.note);
            all.next_token = page.next_token.filter(|token| !token.is_empty());
            if all.next_token.is_none() {
                return Ok(map::items(all));
            }
            (question.told)(SoFar::Records(all.items.len()));
        }
        Err(Fault::new(FaultKind::Other, "the list of items has no end"))
    }
}
