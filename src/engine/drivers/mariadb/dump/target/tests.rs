use super::*;
use crate::domain::PointDetails;
use crate::domain::types::rds;
use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::mariadb::RDS;
use std::path::Path;

#[test]
fn over_the_network_nobody_is_told_what_is_in_a_server() {
    let arn = "arn:aws:rds:eu-central-1:111122223333:db:shop".parse().unwrap();
    let plan = |roots: &RestoreRoots| {
        let metadata =
            [(rds::IDENTIFIER_KEY, "again"), (rds::ENGINE_KEY, rds::MARIADB), (URL_KEY, "mysql://me@elsewhere")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into();
        plan(
            &RDS,
            &RestoreAsk {
                metadata: &metadata,
                resource_arn: &arn,
                details: &PointDetails::new(),
                is_continuous: false,
                source: None,
                roots,
                data_dir: Path::new("/nowhere"),
                restored: &|| Err(Fault::Failed("no folder is asked for".to_owned())),
                now: "2026-11-23T05:00:00Z".parse().unwrap(),
            },
        )
    };
    let made = plan(&RestoreRoots::Any).unwrap();
    assert_eq!(made.target.part(Part::Url), Some("mysql://me@elsewhere:3306"));
    let refused = plan(&RestoreRoots::Below(vec!["/tmp".into()])).unwrap_err();
    assert!(matches!(&refused, Fault::Invalid(invalid) if invalid.field.contains(URL_KEY)), "{refused:?}");
}
