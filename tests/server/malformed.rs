//! Strangers: whatever bytes come, the answer is an error of the client's, and the next call works.

use crate::harness::{Server, sign};
use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATHS: &str = "/backup-vaults|/backup-vaults/Default|/backup/plans/|/backup-jobs|/backup-jobs/|/restore-jobs|/copy-jobs/|/tags/arn%3Aaws%3Ax%3A%3A%3Ay|/untag/x|/resources/x|/account-settings|/audit/backup-job-summaries|/backup/plans/x/selections/|/_clock|/_vaultdeck/recovery-points/x/items|/_vaultdeck/status|/service/x/operation/y|/";

#[tokio::test(flavor = "multi_thread")]
async fn no_signed_request_is_a_fault_of_the_server() {
    let server = Server::start().await;
    let (call, keys) = (server.direct(), server.keys());
    let json = "(\\{|\\[|\\}|\\]|,|:|\"(BackupPlan|Rules|Lifecycle|ResourceArn|Metadata|Tags|[a-z\\\\]{0,4})\"|-?[0-9]{1,30}|1e999|null|true|\\\\u0000){0,12}";
    let strategy = (
        prop_oneof![Just("GET"), Just("PUT"), Just("POST"), Just("DELETE"), Just("HEAD"), Just("OPTIONS")],
        prop_oneof![PATHS, "(/[a-zA-Z0-9%._~:-]{0,12}){0,5}"],
        "(\\?([a-zA-Z%0-9]{0,12}=[a-zA-Z0-9%+:-]{0,12}&?){0,4})?",
        prop_oneof![json.prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..64)],
        prop_oneof![
            Just(""),
            Just("AWSOrganizationsV20161128.ListAccounts"),
            Just("ResourceGroupsTaggingAPI_20170126.GetResources")
        ],
    );
    let runtime = tokio::runtime::Handle::current();
    let mut runner = TestRunner::new(Config { cases: 600, ..Config::default() });
    tokio::task::block_in_place(|| {
        let result = runner.run(&strategy, |(method, path, query, body, target)| {
            let uri = format!("http://127.0.0.1{}{query}", if path.is_empty() { "/" } else { &path });
            let Ok(request) =
                Request::builder().method(method).uri(&uri).header("x-amz-target", target).body(Bytes::from(body))
            else {
                return Ok(());
            };
            let service = if target.starts_with("AWSOrg") { "organizations" } else { "backup" };
            let answer = runtime.block_on(call(sign(request, &keys, service, SystemTime::now())));
            prop_assert!(answer.status().as_u16() < 500, "{method} {uri}: {answer:?}");
            prop_assert!(answer.headers().contains_key("x-amzn-requestid"));
            Ok(())
        });
        result.unwrap();
    });
    assert_eq!(server.call("GET", "/backup-vaults", "").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_http_do_not_disturb_others() {
    let server = Server::start().await;
    let address = server.url.strip_prefix("http://").unwrap();
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /backup-vaults HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"PUT /backup-jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /backup-vaults HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // Whether it answers or hangs up is its choice; it must do one of both.
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "no end after {bytes:?}");
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    assert_eq!(server.call("GET", "/backup-vaults", "").await.status(), 200);
}
