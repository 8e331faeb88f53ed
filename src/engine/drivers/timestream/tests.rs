//! What a server does only in bad company.

use super::client::Client;
use super::{Timestream, location};
use crate::domain::Secret;
use crate::engine::drivers::http::BRIEF;
use crate::engine::drivers::http::stand_in::{StandIn, Told};
use crate::engine::drivers::{Driver, Fault, ProbeCx};
use crate::repository::Control;
use bytes::Bytes;
use std::path::Path;

const ROW: &str =
    r#"{"results":[{"series":[{"name":"m","columns":["time","v"],"values":[[1,2.50]]}],"partial":PARTIAL}]}"#;

fn row(partial: bool) -> String {
    ROW.replace("PARTIAL", &partial.to_string()) + "\n"
}

fn client(server: &StandIn) -> Client {
    Client::open(&location(server.url(), "metrics".to_owned()), None, BRIEF).unwrap()
}

/// How many rows come of an answer.
fn rows(answer: String) -> Result<usize, Fault> {
    let server = StandIn::that(move |_| Told::of(200, answer.clone()));
    let (client, control) = (client(&server), Control::new());
    let mut pieces = client.pieces("q", &control)?;
    let mut count = 0;
    while let Some(series) = pieces.next(Some(&control))? {
        for series in series {
            assert_eq!(series.raw(&series.values[0], "v"), Some("2.50"), "digits stay as they are");
            count += series.values.len();
        }
    }
    Ok(count)
}

#[test]
fn an_answer_ends_where_the_server_says_and_nowhere_else() {
    assert_eq!(rows(row(true) + &row(true) + &row(false)), Ok(3));
    for broken in [row(true) + &row(true), String::new(), row(true) + r#"{"results":[{"ser"#] {
        let fault = rows(broken).unwrap_err();
        assert!(matches!(&fault, Fault::Temporary { why, .. } if why.contains("broke off")), "{fault:?}");
    }
}

#[test]
fn an_error_in_the_midst_of_an_answer_is_one() {
    let gone = row(true) + r#"{"results":[{"error":"database not found: metrics"}]}"#;
    assert!(matches!(rows(gone).unwrap_err(), Fault::Gone(_)));
    let other = row(true) + r#"{"error":"max-select-point limit exceeded"}"#;
    let fault = rows(other).unwrap_err();
    assert!(matches!(&fault, Fault::Failed(why) if why.contains("limit exceeded")), "{fault:?}");
}

#[test]
fn a_list_is_asked_for_in_pieces_and_taken_to_its_end() {
    let names = |name: &str, partial: bool| {
        let told = r#"{"results":[{"series":[{"columns":["name"],"values":[["NAME"]]}],"partial":PARTIAL}]}"#;
        told.replace("NAME", name).replace("PARTIAL", &partial.to_string()) + "\n"
    };
    let whole = names("b", true) + &names("a", false);
    let cut = names("b", true);
    let list = |answer: String| {
        let server = StandIn::that(move |_| Told::of(200, answer.clone()));
        let listed = client(&server).measurements(None);
        assert!(server.asked().iter().all(|asked| asked.body.contains("&chunked=true")));
        listed
    };
    assert_eq!(list(whole), Ok(vec!["a".to_owned(), "b".to_owned()]));
    assert!(matches!(list(cut), Err(Fault::Temporary { .. })));
}

#[test]
fn points_that_were_not_all_taken_are_told() {
    let server =
        StandIn::that(|_| Told::of(400, r#"{"error":"partial write: points beyond retention policy dropped=1"}"#));
    let fault = client(&server).write("auto gen", Bytes::from_static(b"m v=1 1\n")).unwrap_err();
    assert!(matches!(&fault, Fault::Failed(why) if why.contains("dropped=1")), "{fault:?}");
    assert_eq!(server.asked()[0].path, "/write?db=metrics&rp=auto%20gen&precision=ns");
}

#[test]
fn a_password_is_sent_with_its_user_and_a_server_of_another_version_is_refused() {
    let server = StandIn::that(|_| Told::of(204, "").with("x-influxdb-version", "v2.7.1"));
    let url = server.url().replace("http://", "http://a%40b@");
    let at = location(url, "metrics".to_owned());
    let secret = Secret::new("c:d".to_owned());
    let cx = ProbeCx { at: &at, secret: Some(&secret), data_dir: Path::new("/nowhere") };
    let fault = Timestream.probe(&cx).unwrap_err();
    assert!(matches!(&fault, Fault::Unsupported { found, .. } if found.contains("2.7.1")), "{fault:?}");
    // a@b:c:d
    assert_eq!(server.asked()[0].headers["authorization"], "Basic YUBiOmM6ZA==");
}
