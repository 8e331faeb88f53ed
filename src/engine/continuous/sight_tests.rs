//! What is told of a moment that a continuous recovery point can be restored to.

use super::*;

#[test]
fn a_moment_tells_of_its_base_its_log_and_the_last_change_before() {
    let house = House::new();
    house.put(0, "a", "0");
    house.plan("daily", "Default", 7);
    let point = house.run();
    house.put(10, "b", "10");
    wait(|| (house.chain(&point).newest_change == Time::from_timestamp(BEGIN + 10, 0)).then_some(()));
    assert_eq!(house.run(), point);
    house.at(60);
    house.until_restorable(&point, 60);
    let look = |second| {
        let at = Time::from_timestamp(BEGIN + second, 0).unwrap();
        house.engine().recovery_point_at(&house.caller, &point, at).map_err(|error| error.to_string())
    };
    let told = |second| {
        let sight = look(second).unwrap();
        assert_eq!(sight.at.timestamp(), BEGIN + second);
        let detail = |name: &str| sight.details.get(name).cloned();
        let log = detail("LogFiles").unwrap();
        let stored = detail("Stored").unwrap();
        (sight.base.timestamp() - BEGIN, sight.at_base["End"].clone(), stored, log, detail("LastChangeTime"))
    };
    let told_of = |base, end: &str, stored: &str, log: &str, last: Option<&str>| {
        (base, end.to_owned(), stored.to_owned(), log.to_owned(), last.map(str::to_owned))
    };
    // The last change that the log has is behind this moment: which one was the last before it nothing notes.
    assert_eq!(told(9), told_of(0, "1", "1 true", "1", None));
    // Each base tells of itself; the second took over the piece of the log that has its moment in it.
    assert_eq!(told(60), told_of(10, "2", "2 true", "1", Some("2027-01-15T08:00:10Z")));
    for outside in [-1, 61] {
        let refused = look(outside).unwrap_err();
        assert!(refused.contains("must lie within what can be restored"), "{refused}");
    }
    // What is not continuous has no moments, and what is not there is said to be so.
    let unknown: Arn = format!("{point}0").parse().unwrap();
    let refused = house.engine().recovery_point_at(&house.caller, &unknown, Time::default()).unwrap_err();
    assert!(refused.to_string().contains("Cannot find"), "{refused}");
}
