//! Accounts and regions as words: `@prod`, `@eu-central-1`, `@prod/eu-central-1`.

use crate::domain::Scope;
use crate::domain::filter::{self, meant};
use crate::tui::world::World;
use std::collections::BTreeSet;

/// The word for all of them.
const ALL: &str = "all";

/// Takes the words with an `@` out of a text: the scopes that all of them mean, where there is such a word, and the rest. No
/// scope is all.
pub fn split(text: &str, world: &World) -> Result<(Option<Vec<Scope>>, String), String> {
    let (words, rest): (Vec<&str>, Vec<&str>) = filter::terms(text).into_iter().partition(|term| term.starts_with('@'));
    let mut scopes: Option<Vec<Scope>> = None;
    for word in &words {
        let named = named(&filter::unquoted(&word[1..]), world)?;
        scopes = Some(match scopes {
            Some(before) if !before.is_empty() && !named.is_empty() => {
                let both: Vec<Scope> = before.into_iter().filter(|scope| named.contains(scope)).collect();
                if both.is_empty() {
                    return Err(format!("no account and region is {} at once", words.join(" ")));
                }
                both
            }
            Some(before) if named.is_empty() => before,
            _ => named,
        });
    }
    Ok((scopes, rest.join(" ")))
}

/// The names of a scope.
fn names(scope: &Scope, world: &World) -> [String; 4] {
    let (account, region) = (world.account(&scope.account), scope.region.to_string());
    [account, region, scope.account.to_string(), world.scope_name(scope)]
}

/// All names of accounts and regions.
fn all(world: &World) -> BTreeSet<String> {
    world.scopes.iter().flat_map(|scope| names(scope, world)).collect()
}

/// What a word means: the scopes of that name, or of the only one that begins so; none for all.
fn named(word: &str, world: &World) -> Result<Vec<Scope>, String> {
    if word.is_empty() || word.eq_ignore_ascii_case(ALL) {
        return Ok(Vec::new());
    }
    let lower = word.to_lowercase();
    let all = all(world);
    let exact = || all.iter().filter(|name| name.to_lowercase() == lower).cloned().collect::<Vec<_>>();
    // `prod` is the account though `prod/eu-central-1` begins so, too.
    let begins = |name: &&String| name.to_lowercase().starts_with(&lower) && !name.contains('/');
    let found = Some(exact()).filter(|exact| !exact.is_empty());
    let found = found.unwrap_or_else(|| all.iter().filter(begins).cloned().collect());
    match found.as_slice() {
        [] => {
            let meant = meant(word, all.iter().map(String::as_str));
            let known: Vec<&str> = all.iter().map(String::as_str).filter(|name| !name.contains('/')).collect();
            Err(format!("no account or region is called {word}{meant}. There are: {}", known.join(", ")))
        }
        [name] => {
            let of = world.scopes.iter().filter(|scope| names(scope, world).contains(name));
            Ok(of.cloned().collect())
        }
        many => Err(format!("@{word} could be {}", many.join(", "))),
    }
}

/// The word for the first account or region of which the name begins as this one does, as it is written.
pub fn complete(word: &str, world: &World) -> Option<String> {
    let begun = filter::unquoted(word.strip_prefix('@')?);
    let lower = begun.to_lowercase();
    let found = all(world).into_iter().find(|name| name.to_lowercase().starts_with(&lower) && *name != begun)?;
    Some(format!("@{}", filter::quoted(&found)))
}
