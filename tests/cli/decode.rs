//! `vaultdeck decode`: where the message comes from, and what is none.

use crate::harness::Home;
use std::io::Write;
use std::process::Stdio;

const BLOB: &str = "oGsbAaIV7wlfj8zUqebHUANHzFbmkzILlxyj__y9xwhIHk99U_cUq1FIeZnskWDjQ1wSHStVfdCEyZILGoccGpC";

#[test]
fn an_engine_says_that_it_encodes_none_and_a_text_without_one_is_refused() {
    let home = Home::new();
    let text = format!("You are not authorized. Encoded authorization failure message: {BLOB}.");
    for message in [BLOB, &text] {
        let ran = home.run(&["decode", message]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains("the message is not whole, or of another account"), "{}", ran.err);
        assert!(ran.err.contains("this engine's, which encodes none"), "{}", ran.err);
    }
    let none = home.run(&["decode", "access denied"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("no encoded authorization message in that text"), "{}", none.err);
}

#[test]
fn a_message_is_read_from_standard_input_and_one_that_is_closed_has_none() {
    let home = Home::new();
    let mut child = home
        .command(&["decode", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{BLOB}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("of another account"), "{told}");
    let closed = home.run(&["decode", "-"]);
    assert_eq!(closed.code, 2, "{}", closed.err);
}
