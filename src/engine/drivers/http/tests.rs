use super::stand_in::{StandIn, Told};
use super::{BRIEF, Http, Request, patiently, temporary};
use crate::engine::drivers::Fault;
use crate::repository::{Control, Refusal};
use bytes::Bytes;
use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

fn ask(url: &str) -> Result<(u16, String), Fault> {
    let request = Request::new(Bytes::from_static(b"question"));
    let (mut parts, body) = request.into_parts();
    parts.uri = url.parse().unwrap();
    parts.method = http::Method::POST;
    let answer = Http::open("The service").unwrap().ask(http::Request::from_parts(parts, body), None)?;
    Ok((answer.status, answer.words()))
}

fn temporarily(asked: Result<(u16, String), Fault>) -> String {
    match asked {
        Err(Fault::Temporary { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_is_taken_whole() {
    let server = StandIn::that(|asked| Told::of(201, format!("{} {}\n\u{1b}", asked.method, asked.body)));
    assert_eq!(ask(&format!("{}/path?x=1", server.url())), Ok((201, "POST question".to_owned())));
    assert_eq!(server.asked()[0].path, "/path?x=1");
}

#[test]
fn what_breaks_off_or_is_not_there_is_no_answer_and_may_be_one_later() {
    let server = StandIn::that(|_| Told::of(200, "x".repeat(100_000)).that_breaks_off_after(50_000));
    assert!(temporarily(ask(&server.url())).starts_with("An answer of The service broke off: "));
    let why = temporarily(ask("http://127.0.0.1:1"));
    assert!(why.starts_with("The service cannot be reached: ") && why.contains("refused"), "{why}");
}

#[test]
fn what_speaks_no_tls_is_told_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Until whoever asked has gone.
        let _ = std::io::copy(&mut connection, &mut std::io::sink());
    });
    let fault = ask(&url).unwrap_err();
    assert!(matches!(&fault, Fault::Failed(why) if why.contains("does not speak TLS")), "{fault:?}");
    server.join().unwrap();
}

#[test]
fn what_fails_for_the_time_being_is_tried_again_until_it_succeeds() {
    let tried = Cell::new(0);
    let done = patiently(BRIEF, None, || {
        tried.set(tried.get() + 1);
        if tried.get() < 4 { Err(temporary("not now".to_owned())) } else { Ok(tried.get()) }
    });
    assert_eq!(done, Ok(4));
}

#[test]
fn what_cannot_succeed_is_tried_once_and_nothing_for_ever() {
    let tried = Cell::new(0);
    let fails = |fault: Fault, limit: Duration| {
        tried.set(0);
        patiently(limit, None, || {
            tried.set(tried.get() + 1);
            Err::<(), _>(fault.clone())
        })
    };
    assert_eq!(fails(Fault::Gone("gone".to_owned()), BRIEF), Err(Fault::Gone("gone".to_owned())));
    assert_eq!(tried.get(), 1);
    assert_eq!(
        fails(temporary("not now".to_owned()), Duration::from_millis(300)),
        Err(temporary("not now".to_owned()))
    );
    assert!(tried.get() > 1);
}

#[test]
fn a_job_that_is_stopped_waits_for_nothing() {
    let control = Control::new();
    let since = Instant::now();
    let server = StandIn::that(|_| {
        std::thread::sleep(Duration::from_secs(5));
        Told::of(200, "")
    });
    let request = http::Request::get(server.url()).body(Bytes::new()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            control.cancel();
        });
        let asked = Http::open("The service").unwrap().ask(request, Some(&control)).map(drop);
        assert_eq!(asked, Err(Fault::Failed("The job was stopped.".to_owned())));
    });
    let paused = patiently(Duration::from_secs(60), Some(&control), || Err::<(), _>(temporary("not now".to_owned())));
    assert_eq!(paused, Err(Fault::Failed("The job was stopped.".to_owned())));
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
}

#[test]
fn a_server_that_takes_nothing_more_is_not_waited_for_without_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let head = http::Request::post(url).body(()).unwrap();
    let mut content = std::io::repeat(b'x').take(256 << 20);
    let http = Http::open("The service").unwrap();
    // Nobody accepts the connection: the system takes some of it, and that is all.
    match http.upload_within(Duration::from_millis(300), head, &mut content) {
        Err(Refusal::All(error)) => {
            let fault = Fault::behind(&error).unwrap();
            assert!(matches!(fault, Fault::Temporary { why, .. } if why.contains("does not take")), "{fault:?}");
        }
        other => panic!("{:?}", other.map(|answer| answer.status)),
    }
    assert!(content.limit() > 0);
}
