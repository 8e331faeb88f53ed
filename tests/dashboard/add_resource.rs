//! Registering a resource: the fields of its type, what its service says, and a secret that nobody sees.

use crate::driver::{Driver, Start};
use crate::fixture;
use vaultdeck::client::{Capabilities, Fault, FaultKind, Outcome};
use vaultdeck::domain::extension::{AddResource, ResourceProbe};
use vaultdeck::domain::types::location::Part;
use vaultdeck::tui::glyph::ASCII;
use vaultdeck::tui::msg::Effect;

const SECRET: &str = "correct horse";

fn at(size: (u16, u16)) -> Driver {
    Driver::start(Start { size, ..Start::default() })
}

/// The form of RDS, filled in.
fn filled(mut driver: Driver) -> Driver {
    driver.press("6 + enter").write("rds").press("enter").write("orders").press("tab");
    driver
        .write("postgresql://backup@127.0.0.1:5432")
        .press("tab tab tab")
        .write(SECRET)
        .press("tab")
        .write("env=prod");
    driver
}

fn found(driver: &Driver) -> ResourceProbe {
    let location = asked(driver).location;
    let facts = [("EngineVersion", "15.18"), ("DatabaseBytes", "7803391")];
    ResourceProbe {
        location,
        facts: facts.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        continuous: Some(Ok(()).into()),
        resource_arn: None,
    }
}

/// What the service is asked about.
fn asked(driver: &Driver) -> AddResource {
    driver.asked_last().expect("the service is asked")
}

#[test]
fn the_form_what_the_service_says_and_a_refusal() {
    for (size, suffix) in [((80, 24), "80x24"), ((60, 15), "60x15"), ((160, 45), "160x45")] {
        let mut driver = at(size);
        insta::assert_snapshot!(format!("resource-add-{suffix}"), driver.press("6 +").screen());
        insta::assert_snapshot!(format!("resource-add-types-{suffix}"), driver.press("enter").screen());
        let mut driver = filled(at(size));
        insta::assert_snapshot!(format!("resource-add-filled-{suffix}"), driver.screen());
        driver.press("ctrl-s");
        insta::assert_snapshot!(format!("resource-add-asks-{suffix}"), driver.screen());
        let found = found(&driver);
        driver.probed(Ok(found));
        insta::assert_snapshot!(format!("resource-add-confirm-{suffix}"), driver.screen());
        let mut refused = filled(at(size));
        let denied = "The PostgreSQL server at 127.0.0.1:5432 does not take the password of the user backup.";
        refused.press("ctrl-s").probed(Err(Fault::new(FaultKind::Denied, denied)));
        insta::assert_snapshot!(format!("resource-add-refused-{suffix}"), refused.screen());
    }
    let ascii = Driver::start(Start { size: (80, 24), glyphs: ASCII, theme: "mono", ..Start::default() });
    insta::assert_snapshot!("resource-add-ascii-80x24", filled(ascii).screen());
}

#[test]
fn the_fields_are_those_of_the_types_form_of_location() {
    let mut driver = at((120, 40));
    driver.press("6 :").write("resource add").press("enter").sees("enter lists 5");
    driver.press("enter").sees("EBS").sees("a volume").sees_no("Neptune");
    driver.write("ebs").press("enter").sees("Given by").sees("< Path >").sees_no("URL").sees_no("Secret");
    driver.press("tab right").sees("< URL >").sees("URL").press("tab").sees("nbd://HOST:PORT/EXPORT");
    driver.press("shift-tab shift-tab shift-tab enter").write("fsx").press("enter tab tab").sees("Kind").sees("LUSTRE");
    driver.press("shift-tab shift-tab shift-tab enter").write("s3").press("enter");
    driver.sees("Endpoint").sees("Bucket").sees("Access key ID").sees("Secret access key").sees_no("Kind");
}

#[test]
fn what_is_missing_is_told_at_its_field_before_anything_is_asked() {
    let mut driver = at((120, 40));
    driver.press("6 + ctrl-s").sees("choose what it is");
    driver.press("enter").write("rds").press("enter ctrl-s").sees("must have 1 to 128 characters");
    driver.write("orders").press("ctrl-s").sees("URL is required: postgresql://USER@HOST:PORT");
    assert!(driver.take_effects().iter().all(|effect| !matches!(effect, Effect::Probe { .. })));
}

#[test]
fn a_password_is_typed_as_dots_and_reaches_nothing_but_the_engine() {
    let mut driver = filled(at((120, 40)));
    driver.sees("●●●●●●●●●●●●●").sees_no(SECRET).press("ctrl-s").sees("Asking the service").sees_no(SECRET);
    let found = found(&driver);
    let request = asked(&driver);
    assert_eq!(request.secret.as_ref().unwrap().reveal(), SECRET);
    assert_eq!(
        (request.name.as_str(), request.location.part(Part::Url)),
        ("orders", Some("postgresql://backup@127.0.0.1:5432"))
    );
    assert_eq!(request.tags["env"], "prod");
    driver.probed(Ok(found));
    driver.sees("engine version").sees("15.18").sees("Continuous backup is possible").sees("\"Secret\": \"(hidden)\"");
    driver.sees("vaultdeck resource add RDS orders").sees("--secret-file FILE").sees_no(SECRET);
    driver.press("y").sees_no(SECRET);
    let effects = driver.take_effects();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Change { .. })));
    let told = format!("{effects:?} {:?}", driver.app);
    assert!(!told.contains(SECRET) && !told.contains("correct"), "{told}");
    let arn = "arn:aws:rds:us-east-1:123456789012:db:orders".parse().unwrap();
    driver.changed(Ok(Outcome::Resource(arn))).sees("Register RDS orders: done").sees("Resources › orders");
    assert!(!driver.screen().contains(SECRET));
}

#[test]
fn an_access_key_is_asked_for_in_two_fields_and_sent_as_one_object() {
    let mut driver = at((120, 40));
    driver.press("6 + enter").write("s3").press("enter").write("photos").press("tab");
    driver.write("http://127.0.0.1:8333").press("tab").write("photos").press("tab").write("AKID").press("ctrl-s");
    driver.sees("the secret access key of this access key is required");
    driver.write("qu\"ote").press("ctrl-s").sees_no("qu\"ote");
    let secret = asked(&driver).secret.unwrap();
    assert_eq!(secret.reveal(), r#"{"AccessKeyId":"AKID","SecretAccessKey":"qu\"ote"}"#);
}

#[test]
fn a_refusal_is_told_at_its_field_and_nothing_typed_is_lost() {
    let refusals = [
        (FaultKind::Refused, None, "Invalid Url: must name a user", "URL"),
        (FaultKind::Denied, None, "the password is wrong", "Secret"),
        (FaultKind::Refused, Some("AlreadyExistsException"), "RDS orders is registered already", "Name"),
        (FaultKind::Other, None, "nothing listens at 127.0.0.1:5432", "URL"),
    ];
    for (kind, code, message, field) in refusals {
        let mut driver = filled(at((120, 40)));
        let fault = Fault { code: code.map(str::to_owned), ..Fault::new(kind, message) };
        driver.press("ctrl-s").probed(Err(fault)).sees(message).sees(&format!("▌ {field}"));
        driver.sees("orders").sees("postgresql://backup@127.0.0.1:5432").sees("●●●●●●●●●●●●●").sees("env=prod");
    }
}

#[test]
fn who_stops_waiting_goes_on_typing_and_a_late_answer_changes_nothing() {
    let mut driver = filled(at((120, 40)));
    driver.press("ctrl-s").sees("esc stops waiting").press("x").press("esc").sees_no("Asking the service");
    let found = found(&driver);
    driver.probed(Ok(found)).sees("Register a resource").sees("postgresql://backup@").sees_no("AddResource");
}

#[test]
fn what_an_answer_is_about_is_forgotten_when_something_else_is_typed() {
    let mut driver = filled(at((120, 40)));
    driver.press("ctrl-s");
    let found = found(&driver);
    driver.probed(Ok(found)).press("esc").sees("15.18").write("x").sees_no("15.18");
}

#[test]
fn only_an_engine_that_can_be_reached_takes_resources() {
    let far = Capabilities { control: false, ..fixture::engine() };
    let mut driver = Driver::start(Start { capabilities: far, embedded: false, ..Start::default() });
    driver.press("6 +").sees("an engine takes resources on its own machine alone");
    let mut aws = Driver::start(Start {
        capabilities: Capabilities { write: true, ..fixture::aws() },
        embedded: false,
        ..Start::default()
    });
    aws.press("6 +").sees("AWS Backup protects what AWS has");
}

#[test]
fn the_plus_makes_what_the_open_list_lists() {
    let mut driver = at((120, 40));
    driver.press("2 +").sees("Create a vault").press("esc 3 +").sees("Create a backup plan").press("esc 4 +");
    driver.sees("nothing new is made on this screen");
}
