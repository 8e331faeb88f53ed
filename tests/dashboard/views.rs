//! What a list shows, chosen by columns and keys, saved under a name and shown again.

use crate::driver::Driver;
use vaultdeck::client::views::{SortKey, View, Views};
use vaultdeck::tui::msg::{Effect, Msg, ViewChange};

/// Types a command and runs it.
fn run(driver: &mut Driver, line: &str) {
    driver.press(":").write(line).press("enter");
}

/// The view that was saved last.
fn saved(driver: &mut Driver) -> (String, View) {
    let mut effects = driver.take_effects().into_iter().rev();
    let found = effects.find_map(|effect| match effect {
        Effect::View(ViewChange::Save(name, view)) => Some((name, view)),
        _ => None,
    });
    found.expect("a view was saved")
}

/// The columns' titles.
fn heading(driver: &mut Driver) -> String {
    driver.screen().lines().find(|line| line.contains("STATE")).unwrap_or_default().trim().to_owned()
}

#[test]
fn columns_are_chosen_and_ordered_and_come_back() {
    let mut driver = Driver::usual();
    driver.press("4 d");
    let own = heading(&mut driver);
    run(&mut driver, "columns state,message resource");
    let titles = heading(&mut driver);
    let titles: Vec<&str> = titles.split_whitespace().collect();
    assert_eq!(titles, ["STATE", "MESSAGE", "RESOURCE"]);
    run(&mut driver, "columns stat");
    driver.sees("no column here is stat (state?). There are: state, created,");
    run(&mut driver, "columns state state");
    driver.sees("state is named twice");
    run(&mut driver, "columns");
    assert_eq!(heading(&mut driver), own);
}

#[test]
fn rows_are_sorted_by_two_keys() {
    let mut driver = Driver::usual();
    driver.press("4 d");
    run(&mut driver, "sort-by state -created");
    let titles = heading(&mut driver);
    assert!(titles.contains("STATE↑1") && titles.contains("CREATED↓2"), "{titles}");
    let screen = driver.screen();
    let rows = screen.lines().skip_while(|line| !line.contains("STATE")).skip(1);
    let rows: Vec<(String, String)> = rows
        .filter_map(|line| {
            let state = ["COMPLETED", "FAILED", "EXPIRED", "RUNNING"].into_iter().find(|state| line.contains(state))?;
            let at = line.split_whitespace().collect::<Vec<_>>();
            let day = at.iter().position(|word| word.len() == 5 && word.as_bytes()[2] == b'-')?;
            Some((state.to_owned(), format!("{} {}", at[day], at.get(day + 1)?)))
        })
        .collect();
    assert!(rows.len() > 3, "{screen}");
    for pair in rows.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        assert!(pair[0].1 <= pair[1].1, "of one state the oldest comes first: {pair:?}\n{screen}");
    }
    run(&mut driver, "sort-by message");
    driver.sees("no column here is message. There are: state, created, resource");
    run(&mut driver, "sort-by state created size");
    driver.sees("at most 2 columns");
}

#[test]
fn a_view_is_saved_with_all_that_the_list_shows_and_shown_again_by_its_name() {
    let mut driver = Driver::usual();
    run(&mut driver, "copy-jobs state:completed");
    run(&mut driver, "sort-by -created");
    run(&mut driver, "columns state created");
    run(&mut driver, "save-view oncall");
    driver.sees("saved: :oncall shows this again");
    let (name, view) = saved(&mut driver);
    let sort = vec![SortKey { by: "created".to_owned(), reversed: true }];
    let columns = vec!["state".to_owned(), "created".to_owned()];
    let (list, filter) = ("copy-jobs".to_owned(), "state:completed".to_owned());
    assert_eq!((name.as_str(), &view), ("oncall", &View { list, filter, problems: false, sort, columns }));
    let folder = tempfile::tempdir().unwrap();
    let file = vaultdeck::client::views::ViewsFile::new(folder.path().join("views.json"));
    let views: Views = file.save(&name, view.clone()).unwrap();
    let mut later = Driver::usual();
    later.send(Msg::Views(Ok(views)));
    run(&mut later, "oncall");
    later.sees("Copy jobs").sees("/state:completed");
    run(&mut later, "save-view again");
    assert_eq!(saved(&mut later).1, view, "what is shown is what was saved");
    run(&mut later, "oncall age<2h");
    later.sees("/state:completed age<2h");
    later.press("1 v").sees("Saved views").sees("copy-jobs state:completed").press("enter").sees("Copy jobs");
    run(&mut later, "forget-view oncal");
    later.sees("no view is saved as oncal (oncall?)");
    run(&mut later, "forget-view oncall");
    assert!(matches!(later.take_effects().last(), Some(Effect::View(ViewChange::Forget(name))) if name == "oncall"));
}

#[test]
fn a_view_that_does_not_fit_its_list_says_so_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = vaultdeck::client::views::ViewsFile::new(folder.path().join("views.json"));
    let view = |list: &str, filter: &str| View { list: list.to_owned(), filter: filter.to_owned(), ..View::default() };
    file.save("odd", view("backup-jobs", "stat:failed")).unwrap();
    file.save("gone", view("no-such-list", "")).unwrap();
    let mut driver = Driver::usual();
    driver.send(Msg::Views(file.read().map_err(|error| error.to_string())));
    run(&mut driver, "odd");
    driver.sees("the view odd: stat:failed: no field is called stat (state?)");
    run(&mut driver, "gone");
    driver.sees("the view gone is of a list that is not there: no-such-list");
    run(&mut driver, "save-view Jobs");
    driver.sees("a view's name has 1 to 40 lower-case letters");
    run(&mut driver, "save-view jobs");
    driver.sees("jobs is a command, or the start of one: choose another name");
    driver.send(Msg::Views(Err("the saved views /x, line 2, column 3: damaged".to_owned())));
    driver.sees("line 2, column 3");
}

#[test]
fn what_is_seen_is_copied_or_written_in_three_forms() {
    let mut driver = Driver::usual();
    run(&mut driver, "jobs state:failed");
    run(&mut driver, "columns state,size,created");
    let copied = |driver: &mut Driver| match driver.take_effects().pop() {
        Some(Effect::Copy(text)) => text,
        other => panic!("{other:?}"),
    };
    driver.press("e").sees(":export ").write("csv").press("enter").sees("as csv");
    let csv = copied(&mut driver);
    let rows = driver.app.page().table().unwrap().len();
    assert_eq!(csv.lines().count(), rows + 1, "{csv}");
    assert!(csv.starts_with("state,size,created\r\nFAILED,"), "{csv}");
    run(&mut driver, "export json");
    let told: serde_json::Value = serde_json::from_str(&copied(&mut driver)).unwrap();
    assert_eq!((told.as_array().unwrap().len(), &told[0]["state"]), (rows, &"FAILED".into()));
    assert!(told[0]["created"].as_str().unwrap().ends_with('Z'), "{told}");
    run(&mut driver, "export markdown");
    assert!(copied(&mut driver).starts_with("| STATE | SIZE | CREATED |\n| --- | --- | --- |\n| "));
    run(&mut driver, "export xml");
    driver.sees("\"xml\" is no form to export; there are csv, json, markdown");
    run(&mut driver, "export csv /tmp/jobs of today.csv");
    let written = driver.take_effects().pop();
    assert!(matches!(written, Some(Effect::Export { path, text }) if path == "/tmp/jobs of today.csv" && text == csv));
}
