//! What is broken, hostile or silent in the world around the dashboard: it says so in place, in numbers that are true, and goes on.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture, frankfurt, home, staging};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use vaultdeck::client::{Fault, FaultKind, Key, Query};
use vaultdeck::domain::{Known, Scope};
use vaultdeck::tui::frame;
use vaultdeck::tui::glyph::{ASCII, UNICODE};
use vaultdeck::tui::msg::Msg;

/// A dashboard in which these scopes fail from the first answer on, each in its way.
fn failing(faults: Vec<(Scope, Fault)>) -> Driver {
    let mut fixture = fixture::organization();
    fixture.faults = faults;
    Driver::start(Start { size: (120, 40), fixture, ..Start::default() })
}

fn denied() -> Fault {
    Fault::new(FaultKind::Denied, "not authorized to perform backup:ListBackupJobs")
}

#[test]
fn a_scope_of_which_every_question_fails_is_one_scope() {
    let mut driver = failing(vec![(staging(), denied())]);
    for (key, _) in [("1", "three questions a scope"), ("6", "two"), ("7", "eight")] {
        driver.press(key).rest();
        driver.sees("1 of 3 access denied").sees_no("scopes more").sees_no("scope more");
    }
    // Two that fail in two ways are two that failed.
    let mut driver = failing(vec![(staging(), denied()), (frankfurt(), Fault::new(FaultKind::Network, "refused"))]);
    driver.press("7").rest().sees("2 of 3 failed").sees_no("2 of 3 access denied");
    // The only scope there is needs no number, and no other one is told of.
    let mut fixture = fixture::empty();
    fixture.faults = vec![(home(), denied())];
    let mut driver = Driver::start(Start { size: (120, 40), fixture, ..Start::default() });
    driver.press("7").rest().sees("access denied").sees_no("of 1").sees_no(" more");
}

#[test]
fn where_nothing_is_seen_of_any_scope_the_others_are_counted_each_once() {
    let mut driver = failing([home(), staging(), frankfurt()].map(|scope| (scope, denied())).into());
    driver.press("7").rest();
    driver.sees("3 of 3 access denied").sees("not authorized to perform").sees("and 2 scopes more");
    let asked = driver.wants().iter().filter(|key| key.scope.is_some()).count();
    assert!(asked > 3, "more questions than scopes failed: {asked}");
    assert!(driver.wants().contains(&Key::scoped(home(), Query::Plans)));
}

/// Twelve scopes with a vault each, of which the sixth fails.
fn twelve(fault: Option<Fault>) -> (Fixture, Scope) {
    let account = |number: u64| fixture::scope(&format!("{:012}", 200_000_000_000 + number), "us-east-1");
    let scopes: Vec<Scope> = std::iter::once(home()).chain((1..12).map(account)).collect();
    let mut world = fixture::empty();
    let named = |(number, scope): (usize, &Scope)| fixture::vault(scope, &format!("vault-{number:02}"), 0);
    world.vaults = scopes.iter().enumerate().map(named).collect();
    let failing = scopes[5].clone();
    world.scopes = scopes;
    world.faults = fault.map(|fault| (failing.clone(), fault)).into_iter().collect();
    (world, failing)
}

/// What an endpoint may do, and what of it is told in few words.
fn faults() -> Vec<(Fault, &'static str)> {
    let fault = |kind, message: &str| Fault::new(kind, message);
    let page = "an HTML page instead of an answer from backup.us-east-1.amazonaws.com (HTTP 200, titled \"Sign in\")";
    let signed_out =
        Fault { login: Some("aws sso login --profile prod".to_owned()), ..fault(FaultKind::Expired, "it is over") };
    vec![
        (fault(FaultKind::Throttled, "Rate exceeded"), "throttled"),
        (denied(), "access denied"),
        (signed_out, "credentials expired"),
        (fault(FaultKind::Network, "no answer within 20 s"), "out of reach"),
        (fault(FaultKind::Network, page), "out of reach"),
        (fault(FaultKind::Other, "ListBackupVaults: an unreadable answer (HTTP 200)"), "failed"),
        (fault(FaultKind::Other, "this machine's clock is 10 minutes behind the service's"), "failed"),
    ]
}

#[test]
fn one_scope_of_twelve_that_fails_in_any_way_takes_nothing_from_the_others_or_from_who_types() {
    for (fault, label) in faults() {
        let (mut world, failing) = twelve(None);
        world.vaults.retain(|vault| vault.scope != failing);
        let mut driver = Driver::start(Start { size: (120, 40), fixture: world, ..Start::default() });
        driver.press("2").rest().press("j j j").sees("vault-00").sees("vault-11").sees_no("of 12");
        let at = driver.app.crumbs();
        driver.press("/").write("vault-0");
        // It comes in the midst of a word, of all that is asked there.
        driver.fixture().faults = vec![(failing, fault)];
        driver.answer_again();
        driver.sees(&format!("1 of 12 {label}")).write("9").sees("vault-09").sees_no("vault-08");
        driver.press("enter").press("esc").sees("vault-00").sees("vault-11");
        assert_eq!(driver.app.crumbs(), at);
    }
}

#[test]
fn a_scope_of_twelve_that_says_nothing_holds_up_no_row_and_no_key() {
    let (world, silent) = twelve(None);
    let mut driver = Driver::unanswered(Start { size: (120, 40), fixture: world, ..Start::default() });
    driver.silent = Some(Key::scoped(silent, Query::Vaults));
    driver.answer_all();
    driver.press("2").rest().sees("vault-00").sees("vault-11").sees_no("vault-05").sees("1 of 12 loading");
    driver.press("/").write("11").sees("vault-11").sees_no("vault-00");
}

#[test]
fn where_nobody_is_signed_in_the_command_is_told_and_all_goes_on_after_it() {
    let signed_out = Fault {
        login: Some("aws sso login --profile prod".to_owned()),
        ..Fault::new(FaultKind::Expired, "no usable credentials: the SSO token has expired")
    };
    for size in [(60, 15), (80, 24), (120, 40)] {
        let mut driver = Driver::unanswered(Start { size, ..Start::default() });
        let scopes = Key::context(Query::Scopes);
        driver.reply(scopes.clone(), Err(signed_out.clone()));
        driver.press_unanswered("4").sees("credentials expired, trying again").sees("aws sso login --profile prod");
        driver.sees("goes on by itself");
        let answer = driver.answer_of(&scopes);
        driver.reply(scopes, answer);
        driver.answer_all();
        driver.sees_no("aws sso login").sees_no("credentials expired").sees("projects");
    }
}

/// A text that has everything that a terminal, a table or a person could stumble over.
fn hostile() -> String {
    let acts = "\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2J\u{9b}31m\0\r\n\t\u{8}";
    let turns = "\u{202e}gpj.exe\u{202c}\u{2066}x\u{2069}\u{200b}\u{200d}\u{feff}\u{2028}\u{ad}";
    format!("{acts}{turns}漢字e\u{301}\u{301}👩‍👩‍👧\\xff\\ud800 %s {{}} <b> {}", "long ".repeat(2_000))
}

/// The sample organization in which whatever is a text of somebody else's is such a one.
fn hostile_world() -> Fixture {
    let (mut world, evil) = (fixture::organization(), hostile());
    for account in &mut world.accounts {
        account.name.clone_from(&evil);
        account.email.clone_from(&evil);
    }
    for vault in world.vaults.iter_mut().chain(&mut world.shared_vaults) {
        vault.encryption_key_arn = Some(evil.clone());
        vault.creator_request_id = Some(evil.clone());
    }
    for job in &mut world.backups {
        job.resource_name = Some(evil.clone());
        job.status_message = Some(evil.clone());
        job.message_category = Some(evil.clone());
        job.encryption_key_arn = Some(evil.clone());
        job.backup_options.insert(evil.clone(), evil.clone());
        if let Some(creator) = &mut job.created_by {
            let creator = Arc::make_mut(creator);
            creator.backup_plan_name.clone_from(&evil);
            creator.backup_rule_name.clone_from(&evil);
        }
    }
    for job in &mut world.restores {
        job.status_message = Some(evil.clone());
    }
    for job in &mut world.copies {
        job.resource_name = Some(evil.clone());
        job.status_message = Some(evil.clone());
        job.member = Some(evil.clone());
    }
    for point in &mut world.points {
        point.resource_name = Some(evil.clone());
        point.status_message = Some(evil.clone());
        point.encryption_key_arn = Some(evil.clone());
    }
    for (_, resource) in &mut world.resources {
        resource.name = Known::Known(evil.clone());
        resource.path = Known::Known(evil.clone());
        resource.tags.insert(evil.clone(), evil.clone());
    }
    for hold in &mut world.holds {
        hold.summary.title.clone_from(&evil);
        hold.summary.description.clone_from(&evil);
    }
    world.reminders = vec![evil.clone()];
    world.faults = vec![(staging(), Fault::new(FaultKind::Refused, evil))];
    world
}

#[test]
fn hostile_texts_in_every_field_act_on_nothing_and_break_no_line() {
    for (size, glyphs) in [((60, 15), UNICODE), ((120, 40), UNICODE), ((200, 60), ASCII)] {
        let mut driver = Driver::start(Start { size, glyphs, fixture: hostile_world(), ..Start::default() });
        for keys in [
            "1",
            "2",
            "2 enter",
            "2 enter enter",
            "3",
            "3 enter",
            "4",
            "4 enter",
            "4 tab",
            "4 tab tab",
            "5",
            "6",
            "6 enter",
            "7",
            "7 D",
            "8",
            "4 a",
            "ctrl-p",
            "@",
        ] {
            driver.press("esc esc esc").press(keys).rest();
            let screen = driver.screen();
            let acts = |c: char| {
                (c.is_control() && c != '\n')
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c)
                    || matches!(c, '\u{200b}' | '\u{feff}' | '\u{2028}')
            };
            assert!(!screen.contains(acts), "{keys} at {size:?}: {screen:?}");
            assert_eq!(screen.lines().count(), usize::from(size.1), "{keys} at {size:?}");
            for line in screen.lines() {
                let width = vaultdeck::tui::text::width(line);
                assert!(width <= usize::from(size.0), "{keys}: {width} columns at {size:?}: {line:?}");
            }
        }
    }
}

#[test]
fn in_a_terminal_of_20_by_5_every_screen_says_what_it_needs_and_nothing_typed_is_lost() {
    let mut driver = Driver::usual();
    for (keys, text) in [
        ("1", ""),
        ("2", ""),
        ("3", ""),
        ("4", ""),
        ("5", ""),
        ("6", ""),
        ("7", ""),
        ("8", ""),
        ("4 /", "sta"),
        (":", "theme no"),
        ("ctrl-p", "res"),
        ("2 a", ""),
        ("?", ""),
    ] {
        driver.press("esc esc esc").press(keys).write(text).rest();
        let before = driver.screen();
        driver.send(Msg::Resize(20, 5));
        let area = Rect::new(0, 0, 20, 5);
        let mut small = Buffer::empty(area);
        frame::view(&driver.app, area, &mut small);
        let said: String = small.content().iter().map(|cell| cell.symbol()).collect();
        assert!(said.trim_start().starts_with("vaultdeck needs 60"), "{keys}: {said}");
        driver.send(Msg::Resize(120, 40));
        assert_eq!(driver.screen(), before, "{keys} {text} is as it was");
    }
}
