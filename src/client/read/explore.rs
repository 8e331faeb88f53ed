//! What is different between recovery points, and where something is in them: the engine's own routes.

use super::{MOST_PAGES, Question, SoFar};
use crate::client::connect::Connection;
use crate::client::control::segment;
use crate::client::query::{FoundItems, Place, SoMany, rows};
use crate::client::text::{clean, escape};
use crate::client::{Fault, FaultKind};
use crate::domain::extension::{ChangedItem, Changes, FIND, Found, RECOVERY_POINTS, UnreadPoint};
use crate::domain::{Arn, Scope};

/// So many changes or items are kept at most: who has more narrows the question.
const MOST_ROWS: usize = 20_000;

impl Connection {
    /// What is different in a recovery point from an older one, in the order of the paths, as far as it is kept.
    pub(super) async fn changes(
        &self,
        scope: &Scope,
        point: &Arn,
        since: &Arn,
        question: &Question,
    ) -> Result<SoMany<ChangedItem>, Fault> {
        let route = format!("{RECOVERY_POINTS}{}/changes?since={}", segment(point.as_str()), segment(since.as_str()));
        let mut all = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            question.bucket.turn().await;
            let page: Changes = self.told(scope, &page_of(&route, token.as_deref())).await?;
            all.extend(
                page.changes.into_iter().map(|item| ChangedItem { path: escape(&item.path).into_owned(), ..item }),
            );
            token = page.next_token;
            if token.is_none() || all.len() >= MOST_ROWS {
                return Ok(SoMany { rows: rows(all), more: token.is_some() });
            }
            (question.told)(SoFar::Records(all.len()));
        }
        Err(endless())
    }

    /// The items of a name in all recovery points of a resource or vault, the newest point first, as far as it is kept.
    pub(super) async fn found(
        &self,
        scope: &Scope,
        place: &Place,
        (name, is_regex): (&str, bool),
        question: &Question,
    ) -> Result<FoundItems, Fault> {
        let place = match place {
            Place::Resource(arn) => format!("resource={}", segment(arn.as_str())),
            Place::Vault(name) => format!("vault={}", segment(name)),
        };
        let route = format!("{FIND}?{place}&name={}&regex={is_regex}", segment(name));
        let (mut all, mut items) = (FoundItems::default(), 0);
        let mut token = None;
        for _ in 0..MOST_PAGES {
            question.bucket.turn().await;
            let page: Found = self.told(scope, &page_of(&route, token.as_deref())).await?;
            for mut point in page.recovery_points {
                items += point.items.len();
                for item in &mut point.items {
                    item.path = escape(&item.path).into_owned();
                }
                point.resource_name = point.resource_name.as_deref().map(clean);
                match all.points.last_mut().filter(|last| last.recovery_point_arn == point.recovery_point_arn) {
                    Some(last) => last.items.extend(point.items),
                    None => all.points.push(point),
                }
            }
            let unread = page.unread.into_iter();
            all.unread.extend(unread.map(|point| UnreadPoint { reason: clean(&point.reason), ..point }));
            token = page.next_token;
            if token.is_none() || items >= MOST_ROWS {
                all.more = token.is_some();
                return Ok(all);
            }
            (question.told)(SoFar::Records(items));
        }
        Err(endless())
    }
}

fn page_of(route: &str, token: Option<&str>) -> String {
    token.map_or_else(|| route.to_owned(), |token| format!("{route}&nextToken={}", segment(token)))
}

fn endless() -> Fault {
    Fault::new(FaultKind::Other, "the list has no end")
}
