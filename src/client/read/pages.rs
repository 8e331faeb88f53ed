//! The pages of a list, one after the other.

use super::{Question, SoFar};
use crate::client::{Fault, FaultKind};

/// A service that gives ever more pages is mistaken.
pub(super) const MOST_PAGES: usize = 10_000;

/// Follows the pages of a list to its end. `call` makes one call of a token and gives its rows and the next token.
pub(crate) async fn pages<T, F>(question: &Question, call: impl Fn(Option<String>) -> F) -> Result<Vec<T>, Fault>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), Fault>>,
{
    pages_begun(question, |_| {}, call).await
}

/// The same, and `begun` is told the rows of the first page where there are more and nothing is known yet.
pub(crate) async fn pages_begun<T, F>(
    question: &Question,
    begun: impl Fn(&[T]),
    call: impl Fn(Option<String>) -> F,
) -> Result<Vec<T>, Fault>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), Fault>>,
{
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        question.bucket.turn().await;
        let (rows, next) = call(token.clone()).await?;
        all.extend(rows);
        let next = next.filter(|next| !next.is_empty());
        if token.is_none() && next.is_some() && question.previous.is_none() {
            begun(&all);
        }
        match next {
            None => return Ok(all),
            Some(next) if Some(&next) == token.as_ref() => break,
            Some(next) => token = Some(next),
        }
        (question.told)(SoFar::Records(all.len()));
    }
    Err(Fault::new(FaultKind::Other, "the list has no end: the service gives the same page again and again"))
}

/// One list operation with its pages: the client's method, its rows and their mapping; what is told the first page's rows stands
/// before it.
macro_rules! list {
    ($question:expr, $call:expr, $operation:literal, $field:ident, $map:expr) => {
        crate::client::read::list!($question, |_: &[_]| {}, $call, $operation, $field, $map)
    };
    ($question:expr, $begun:expr, $call:expr, $operation:literal, $field:ident, $map:expr) => {{
        let call = $call;
        crate::client::read::pages_begun($question, $begun, move |token| {
            let call = call.clone().set_next_token(token);
            async move {
                let page = call.send().await.explain($operation)?;
                let rows = page.$field.unwrap_or_default();
                Ok((rows.iter().filter_map($map).collect::<Vec<_>>(), page.next_token))
            }
        })
    }};
}
pub(crate) use list;
