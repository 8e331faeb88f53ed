//! What holds of every filter, whatever is written.

use super::tests::{Row, fields, now};
use super::{Filter, FilterError, MOST_BYTES, MOST_TERMS, Told, Typing};
use proptest::prelude::*;

fn row() -> impl Strategy<Value = Row> {
    let words = prop_oneof![Just("orders FAILED prod-vault"), Just("Mail completed ünïcode İ"), Just("")];
    let state = prop_oneof![Just("FAILED"), Just("COMPLETED"), Just("EXPIRED")];
    (words, state, prop::option::of(0..10_i64 << 30), 0..900_000_i64).prop_map(|(words, state, size, age)| {
        let created = now() - chrono::Duration::seconds(age);
        let values = [(0, vec![state.into()]), (1, vec![created.into()]), (2, vec![size.into()])];
        Row(values.into(), words)
    })
}

/// Texts that have much of the language in them.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("state"),
        Just("size"),
        Just("age"),
        Just("created"),
        Just(":"),
        Just("="),
        Just("!="),
        Just("<"),
        Just(">="),
        Just("!"),
        Just("~"),
        Just("\""),
        Just(","),
        Just(" "),
        Just("failed"),
        Just("99999999999999999999d"),
        Just("1e400"),
        Just("é"),
        Just("\u{202e}"),
        Just("🦀"),
        Just("\0"),
        Just("2026-11-23"),
        Just("262143-12-31"),
        Just("-1"),
        Just("inf"),
        Just("NaN"),
        Just("."),
        Just("9223372036854775807"),
        Just("w"),
        Just("EiB"),
    ];
    prop_oneof![prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat()), any::<String>()]
}

fn parse(text: &str) -> Result<Filter, FilterError> {
    Filter::parse(text, &fields(), now())
}

fn passes(text: &str, row: &Row) -> bool {
    parse(text).unwrap().passes(row, now())
}

proptest! {
    #[test]
    fn nothing_that_is_written_ends_in_a_panic_and_what_is_refused_is_told(text in hostile(), row in row()) {
        match parse(&text) {
            Ok(filter) => drop(filter.passes(&row, now())),
            Err(error) => prop_assert!(text.contains(&error.term) && error.to_string().len() > 10),
        }
    }

    #[test]
    fn nothing_that_is_completed_ends_in_a_panic_and_the_cursor_stands_between_characters(text in hostile(), at in 0..200_usize) {
        let fields = fields();
        if let Some(typing) = Typing::at(&text, at, &fields) {
            let found = typing.candidates(&text, &fields, |_| vec![text.clone(), "prod".to_owned()]);
            for nth in 0..found.texts.len() {
                let (made, cursor) = found.put(nth, &text).unwrap();
                prop_assert!(made.is_char_boundary(cursor));
            }
        }
    }

    #[test]
    fn each_letter_on_the_way_to_a_filter_is_read_or_told(nth in 0..200_usize) {
        let whole = "state:failed,expired age<2h !account:\"a b\" size>=1.5GiB created>2026-11-23T05:00 ~fuzzy plain";
        let text: String = whole.chars().take(nth).collect();
        if let Err(error) = parse(&text) {
            prop_assert!(!error.term.is_empty() && text.ends_with(&error.term), "{error}");
        }
    }

    #[test]
    fn plain_words_mean_what_they_always_did(words in prop::collection::vec("[a-zA-Z0-9./_-]{1,6}", 0..4), row in row()) {
        let mut told = String::new();
        row.words(&mut told);
        let told = told.to_lowercase();
        let expected = words.iter().all(|word| told.contains(&word.to_lowercase()));
        prop_assert_eq!(passes(&words.join(" "), &row), expected);
    }

    #[test]
    fn whatever_is_quoted_is_text(text in any::<String>(), row in row()) {
        let mut told = String::new();
        row.words(&mut told);
        let expected = told.to_lowercase().contains(&text.to_lowercase());
        prop_assert_eq!(passes(&format!("\"{}\"", text.replace('"', "\"\"")), &row), expected);
    }

    #[test]
    fn a_negated_term_passes_exactly_what_the_term_does_not(
        term in prop_oneof![
            Just("orders"), Just("state:failed"), Just("size>1GiB"), Just("age<3d"), Just("~ordr"), Just("state!=expired"),
            Just("size=\"\"")
        ],
        row in row(),
    ) {
        prop_assert_ne!(passes(term, &row), passes(&format!("!{term}"), &row));
    }

    #[test]
    fn one_term_more_never_lets_more_pass(row in row(), size in 0..9_u8) {
        let (one, two) = ("age<5d", format!("age<5d size>{size}GiB"));
        prop_assert!(passes(one, &row) || !passes(&two, &row));
    }

    #[test]
    fn what_has_a_size_is_either_under_it_or_from_it_on(row in row(), size in 0..20_u64 << 30) {
        let has = !passes("size=\"\"", &row);
        prop_assert_eq!(passes(&format!("size<{size}"), &row) ^ passes(&format!("size>={size}"), &row), has);
        prop_assert_eq!(passes(&format!("size<={size}"), &row) ^ passes(&format!("size>{size}"), &row), has);
    }
}

#[test]
fn what_is_too_long_is_refused_and_not_compared() {
    let many = "a ".repeat(MOST_TERMS + 1);
    assert_eq!(parse(&many).unwrap_err().to_string(), "a filter has at most 64 terms");
    assert_eq!(parse(&"x".repeat(MOST_BYTES + 1)).unwrap_err().to_string(), "a filter has at most 4096 bytes");
    assert!(parse(&"x".repeat(MOST_BYTES)).is_ok());
}
