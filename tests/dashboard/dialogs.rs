//! The dialogs, as pictures and as flows.

use crate::driver::{Driver, Start};

#[test]
fn the_small_ones() {
    for (size, suffix) in [((80, 24), "80x24"), ((60, 15), "60x15"), ((120, 40), "120x40")] {
        let start = || Driver::start(Start { size, ..Start::default() });
        let cases = [
            ("actions", "2 j a"),
            ("palette", "ctrl-p"),
            ("help", "?"),
            ("scopes", "@"),
            ("quit", "q"),
            ("stop-job", "4 a enter"),
        ];
        for (name, keys) in cases {
            insta::assert_snapshot!(format!("dialog-{name}-{suffix}"), start().press(keys).screen());
        }
        let mut driver = start();
        driver.press(":").write("create-vault").press("enter").write("x").press("ctrl-s");
        insta::assert_snapshot!(format!("dialog-create-vault-{suffix}"), driver.screen());
    }
}
