//! What the language says, term by term.

use super::*;
use std::collections::BTreeMap;

/// A row: what its fields tell, by their places.
#[derive(Debug)]
pub(super) struct Row(pub(super) BTreeMap<usize, Vec<Value<'static>>>, pub(super) &'static str);

impl Told for Row {
    fn words(&self, words: &mut String) {
        words.push_str(self.1);
    }
    fn any(&self, field: usize, passes: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
        match self.0.get(&field) {
            Some(values) => values.iter().any(passes),
            None => passes(&Value::Nothing),
        }
    }
}

const STATES: &[&str] = &["COMPLETED", "FAILED", "EXPIRED", "RUNNING", "ABORTED", "ABORTING"];

pub(super) fn fields() -> Fields {
    Fields::new([
        Field::titled("STATE", Unit::None, STATES),
        Field::titled("CREATED", Unit::Moment, &[]),
        Field::titled("SIZE", Unit::Bytes, &[]),
        Field::titled("TOOK", Unit::Seconds, &[]),
        Field::titled("ACCOUNT", Unit::None, &[]),
        Field::titled("LAST RUN", Unit::Moment, &[]),
        Field::titled("POINTS", Unit::Pieces, &[]),
        Field::titled("LOCKED", Unit::None, &[]),
    ])
}

pub(super) fn at(text: &str) -> Time {
    text.parse().unwrap()
}

pub(super) fn now() -> Time {
    at("2026-11-23T12:00:00Z")
}

fn job() -> Row {
    let values = [
        (0, vec!["FAILED".into()]),
        (1, vec![at("2026-11-23T10:30:10Z").into()]),
        (2, vec![Value::Number(3 << 30)]),
        (3, vec![Value::Number(125)]),
        (4, vec!["prod".into(), "111122223333".into()]),
        (6, vec![Value::Number(12)]),
        (7, vec![Value::Flag(true)]),
    ];
    Row(values.into(), "a1b2 FAILED arn:aws:rds:eu-central-1:1:db:Orders-DB prod-vault Disk is Full, at 10:30")
}

fn passes(filter: &str) -> bool {
    Filter::parse(filter, &fields(), now()).unwrap_or_else(|error| panic!("{error}")).passes(&job(), now())
}

fn refused(filter: &str) -> String {
    Filter::parse(filter, &fields(), now()).expect_err(filter).to_string()
}

#[test]
fn every_term_passes_what_it_says_and_nothing_else() {
    let passing = [
        "",
        "  ",
        "orders",
        "ORDERS disk",
        "\"disk is full\"",
        "\"full, at\"",
        "10:30",
        "arn:aws:rds:",
        "!completed",
        "~ordb",
        "!~xyz",
        "state:failed",
        "STATE:Fail",
        "state=failed",
        "state!=expired",
        "!state:expired",
        "state:expired,failed",
        "state=expired,FAILED",
        "account:prod",
        "account:1111",
        "account=prod",
        "account!=dev",
        "size>1GiB",
        "size<4g",
        "size:3GiB",
        "size=3GiB",
        "size>=3221225472",
        "size<=3221225472",
        "size>3GB",
        "took:2m",
        "took>2m",
        "took<1h30m",
        "took<1.5h",
        "age<2h",
        "age>1h",
        "AGE<2h !state:completed",
        "created:2026-11-23",
        "created:11-23",
        "created>=2026-11-23",
        "created<=2026-11-23",
        "created<2026-11-24",
        "created>2026-11-22",
        "created<2h",
        "created:2026-11-23T10:30",
        "created=\"2026-11-23 10:30:10\"",
        "created>2026-11-23T10:29Z",
        "created:1h29m",
        "last-run=\"\"",
        "last-run:\"\"",
        "points=12",
        "points:12",
        "points>11",
        "locked:yes",
        "locked:true",
        "locked!=no",
        "state:failed age<2h account:prod !text ~ordb",
        "state!=expired,running",
        "!!orders",
        "!state!=failed",
        "state:failed,",
        "\"disk",
        "!\"disk is gone\"",
    ];
    for filter in passing {
        assert!(passes(filter), "{filter} does not pass");
    }
    let failing = [
        "gone",
        "orders gone",
        "!orders",
        "~bdro",
        "!~ordb",
        "state:completed",
        "state!=failed",
        "state!=failed,expired",
        "!state:failed",
        "account:dev",
        "account!=prod",
        "account=11",
        "size>3GiB",
        "size<1GiB",
        "size:2GiB",
        "took<2m",
        "age>2h",
        "age<1h",
        "created:2026-11-22",
        "created>2026-11-23",
        "created<2026-11-23",
        "created>2026-11-23T10:30",
        "points>12",
        "points<12",
        "locked:no",
        "last-run<1d",
        "last-run!=\"\"",
        "size=\"\"",
        "\"disk  is\"",
        "!!gone",
    ];
    for filter in failing {
        assert!(!passes(filter), "{filter} passes");
    }
}

#[test]
fn what_is_no_comparison_is_text() {
    let row = Row(BTreeMap::new(), "https://host:9/x arn:aws:s3:::b c:\\x a:b 12:30 -> <none> state:odd");
    for text in ["https://host", "arn:aws:s3", "ARN:AWS", "C:\\x", "a:b", "12:30", "->", "<none>", "\"state:odd\""] {
        let filter = Filter::parse(text, &fields(), now()).unwrap();
        assert!(filter.passes(&row, now()), "{text}");
    }
}

#[test]
fn a_refusal_names_the_term_the_rule_and_what_can_be_written() {
    let all = "age, state, created, size, took, account, last-run, points, locked";
    assert_eq!(
        refused("orders stat:failed"),
        format!("stat:failed: no field is called stat (state?). Fields: {all}. In double quotes it is text")
    );
    assert_eq!(
        refused("sate:failed"),
        format!("sate:failed: no field is called sate (state?). Fields: {all}. In double quotes it is text")
    );
    assert!(refused("nonsense:1").starts_with("nonsense:1: no field is called nonsense. Fields: "));
    let states = "completed, failed, expired, running, aborted, aborting";
    assert_eq!(refused("!state:fialed"), format!("!state:fialed: no state is fialed (failed?). There are: {states}"));
    assert_eq!(refused("state=fail"), format!("state=fail: no state is fail (failed?). There are: {states}"));
    assert_eq!(refused("state:"), format!("state:: state is compared with {states}"));
    assert_eq!(refused("state:,"), format!("state:,: state is compared with {states}"));
    assert_eq!(
        refused("account<dev"),
        "account<dev: < compares numbers, sizes, spans and moments, and account is a text: write account:TEXT or \
         account=TEXT"
    );
    assert_eq!(refused("size>1Q"), "size>1Q: \"1Q\" is no size; write 500, 10MB, 1.5GiB");
    assert_eq!(refused("took<2x"), "took<2x: \"2x\" is no span of time; write 90s, 30m, 2h, 1h30m, 3d, 1w");
    let moments = "2h, 3d, 2026-11-23, 11-23, 2026-11-23T05:00 (UTC)";
    assert_eq!(refused("age<2"), format!("age<2: \"2\" is no moment; write {moments}"));
    assert_eq!(
        refused("created>2026-13-01"),
        format!("created>2026-13-01: \"2026-13-01\" is no moment; write {moments}")
    );
    assert_eq!(refused("points>many"), "points>many: \"many\" is no number; write a number such as 12");
    assert_eq!(refused("size>\"\""), "size>\"\": \"\" is no size; write 500, 10MB, 1.5GiB");
}

#[test]
fn a_list_without_moments_has_no_age() {
    let fields = Fields::new([Field::titled("NAME", Unit::None, &[])]);
    let error = Filter::parse("age<2h", &fields, now()).unwrap_err().to_string();
    assert_eq!(error, "age<2h: no field is called age. Fields: name. In double quotes it is text");
}

#[test]
fn a_day_without_a_year_is_the_nearest_one_of_that_name() {
    let row = |day: &str| Row([(1, vec![at(day).into()])].into(), "");
    let passes = |filter: &str, day: &str, now| Filter::parse(filter, &fields(), now).unwrap().passes(&row(day), now);
    let new_year = at("2027-01-02T12:00:00Z");
    for (day, now) in [
        ("2026-12-30", now()),
        ("2026-03-01", at("2026-02-20T12:00:00Z")),
        ("2026-12-30", new_year),
        ("2027-01-05", new_year),
        ("2027-01-05", at("2026-12-30T00:00:00Z")),
    ] {
        let year: i32 = day[..4].parse().unwrap();
        let filter = format!("created:{}", &day[5..]);
        assert!(passes(&filter, &format!("{day}T23:59:59Z"), now), "{day} at {now}");
        assert!(!passes(&filter, &format!("{}{}T00:00:00Z", year - 1, &day[4..]), now), "{day} at {now}");
    }
}

#[test]
fn a_year_has_four_digits() {
    for day in ["26-11-23", "02026-11-23", "+2026-11-23", "1-11-23", "2026-11", "11-23-2026"] {
        let read = Filter::parse(&format!("created:{day}"), &fields(), now());
        assert!(read.is_err(), "{day} is {read:?}");
    }
}

#[test]
fn a_sign_without_a_text_is_refused_where_nobody_types_it() {
    for text in ["!", "~", "!~", "state:failed !", "!\"\""] {
        let error = Filter::parse(text, &fields(), now()).unwrap_err();
        assert_eq!(error.rule, Rule::NoText, "{text}");
        assert_eq!(Filter::parse_some(text, &fields(), now()).1, None, "{text}");
    }
    assert!(refused("!").contains("without it every row would pass"));
    assert!(Filter::parse("", &fields(), now()).unwrap().is_empty());
}

#[test]
fn a_value_that_a_row_has_is_none_to_refuse() {
    let mut fields = fields();
    fields.allow(0, ["PAUSED".to_owned()]);
    fields.allow(4, ["prod".to_owned()]);
    assert!(Filter::parse("state=paused account:other", &fields, now()).is_ok());
    assert!(Filter::parse("state=pauzed", &fields, now()).unwrap_err().to_string().contains("(paused?)"));
}

#[test]
fn within_a_term_nothing_is_offered() {
    let fields = fields();
    let at = |text: &str, cursor| Typing::at(text, cursor, &fields).is_some();
    for cursor in 0.."state:failed".len() {
        assert!(!at("state:failed", cursor), "{cursor}");
    }
    assert!(at("state:failed", 12) && at("sta orders", 3) && at("  orders", 0) && !at("orders", 0));
    assert!(!at("account:\"my own\"", 11) && !at("account:\"my own\"", 12));
}

#[test]
fn a_filter_that_lets_nothing_pass_tells_which_term_it_is() {
    let filter = Filter::parse("state:failed \"disk is\" size<1MiB", &fields(), now()).unwrap();
    let mut counts = Vec::new();
    for row in [job(), job()] {
        filter.count(&row, now(), &mut counts);
    }
    let told: Vec<(&str, usize)> = filter.terms().zip(counts).collect();
    assert_eq!(told, [("state:failed", 2), ("\"disk is\"", 2), ("size<1MiB", 0)]);
}

#[test]
fn a_term_that_cannot_be_read_yet_leaves_the_others() {
    let (filter, error) = Filter::parse_some("state:failed stat:x orders age<", &fields(), now());
    assert_eq!(filter.terms().collect::<Vec<_>>(), ["state:failed", "orders"]);
    assert_eq!(error.unwrap().term, "stat:x");
}

fn completed(text: &str) -> Vec<String> {
    let fields = fields();
    let Some(typing) = Typing::at(text, text.len(), &fields) else { return Vec::new() };
    let found = typing.candidates(text, &fields, |_| vec!["prod".to_owned(), "my \"own\" one".to_owned()]);
    (0..found.texts.len()).map(|nth| found.put(nth, text).unwrap().0).collect()
}

#[test]
fn names_and_values_are_completed() {
    assert_eq!(completed("ag"), ["age<"]);
    assert_eq!(completed("x !st"), ["x !state:", "x !last-run<"]);
    assert_eq!(completed("run"), ["last-run<"]);
    assert_eq!(completed("state:f"), ["state:failed"]);
    assert_eq!(completed("state:expired,f"), ["state:expired,failed"]);
    assert_eq!(completed("state:a"), ["state:aborted", "state:aborting", "state:failed"]);
    assert_eq!(completed("account=p"), ["account=prod"]);
    assert_eq!(completed("account:my"), ["account:\"my \"\"own\"\" one\""]);
    assert_eq!(completed("size>10"), ["size>100MiB", "size>10GiB", "size>100GiB"]);
    assert!(completed("nothing:x").is_empty() && completed("\"st").is_empty() && completed("a/b").is_empty());
    assert_eq!(completed("").len(), 9);
}
