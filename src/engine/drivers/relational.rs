//! RDS and Aurora are each several engines under one type: which of their drivers a resource, a recovery point or a restore is for.
//!
//! A resource is told by its URL's scheme, or by its engine where it has no URL (a restored folder); a recovery point by its details.
//! What tells neither is PostgreSQL's, the first of them.

use super::{mariadb, postgresql};
use crate::domain::types::location::{Location, Part};
use crate::domain::types::{Metadata, TypeFacts, aurora, keys, rds};
use crate::domain::{Arn, Invalid, PointDetails, Secret};
use crate::engine::drivers::{
    BackupCx, Continuous, Driver, Fault, Glimpse, Mark, ProbeCx, Probed, Proof, RestoreAsk, RestoreCx, RestorePlan,
    SightCx, Source, Target,
};
use std::collections::BTreeMap;

/// The driver of a type that several engines share.
pub struct Relational {
    facts: &'static TypeFacts,
    /// The key of a restore's metadata that names the engine.
    engine_key: &'static str,
    engines: [Engine; 2],
}

/// One of the engines.
struct Engine {
    driver: &'static dyn Driver,
    /// What AWS calls it in this type.
    name: &'static str,
    /// What its URLs begin with.
    schemes: &'static [&'static str],
    /// The parts of a location that only this one takes.
    takes: &'static [Part],
}

/// The driver of RDS instances.
pub static RDS: Relational = Relational {
    facts: &rds::FACTS,
    engine_key: rds::ENGINE_KEY,
    engines: [
        Engine { driver: &postgresql::RDS, name: rds::ENGINE, schemes: &["postgresql", "postgres"], takes: &[] },
        Engine { driver: &mariadb::RDS, name: rds::MARIADB, schemes: &mariadb::SCHEMES, takes: &[Part::Path] },
    ],
};

/// The driver of Aurora clusters.
pub static AURORA: Relational = Relational {
    facts: &aurora::FACTS,
    engine_key: aurora::ENGINE_KEY,
    engines: [
        Engine { driver: &postgresql::AURORA, name: aurora::ENGINE, schemes: &["postgresql", "postgres"], takes: &[] },
        Engine { driver: &mariadb::AURORA, name: aurora::MYSQL, schemes: &mariadb::SCHEMES, takes: &[Part::Path] },
    ],
};

impl Relational {
    /// The engine of a resource, or of what a restore makes.
    fn of_location(&self, at: &Location) -> &Engine {
        let [first, mariadb] = &self.engines;
        let scheme = at.part(Part::Url).and_then(|url| Some(url.split_once("://")?.0));
        let is = match scheme {
            Some(scheme) => mariadb.schemes.contains(&scheme),
            None => at.part(Part::Engine) == Some(mariadb::ENGINE_DETAIL.1),
        };
        if is { mariadb } else { first }
    }

    /// The engine of a recovery point.
    fn of_point(&self, details: &PointDetails) -> &Engine {
        let [first, mariadb] = &self.engines;
        let (key, value) = mariadb::ENGINE_DETAIL;
        if details.get(key).is_some_and(|engine| engine == value) { mariadb } else { first }
    }
}

impl Driver for Relational {
    fn facts(&self) -> &'static TypeFacts {
        self.facts
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let url = cx.at.part(Part::Url).unwrap_or_default();
        let schemes: Vec<&str> = self.engines.iter().flat_map(|engine| engine.schemes).copied().collect();
        if !schemes.iter().any(|scheme| url.split_once("://").is_some_and(|(found, _)| found == *scheme)) {
            let first = self.engines.iter().filter_map(|engine| engine.schemes.first());
            let rule = first.map(|scheme| format!("{scheme}://")).collect::<Vec<_>>().join(" or ");
            return Err(Invalid::value("Url", format!("must begin with {rule}")).into());
        }
        let engine = self.of_location(cx.at);
        if let Some(other) = cx.at.part(Part::Engine).filter(|named| *named != engine.name) {
            let rule = format!("{other:?} is not what such a URL leads to: that is {}", engine.name);
            return Err(Invalid::value("Engine", rule).into());
        }
        let others = self.engines.iter().flat_map(|engine| engine.takes).filter(|part| !engine.takes.contains(part));
        if let Some(part) = others.copied().find(|part| cx.at.part(*part).is_some()) {
            return Err(Invalid::value(part.name(), format!("is not taken for {}", engine.name)).into());
        }
        engine.driver.probe(cx)
    }

    fn new_id(&self, name: &str, at: &Location) -> Result<String, Fault> {
        self.of_location(at).driver.new_id(name, at)
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        self.of_location(&cx.of.resource.location).driver.source(cx)
    }

    fn proposal(&self, resource: &Arn, details: &PointDetails) -> Metadata {
        self.of_point(details).driver.proposal(resource, details)
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        let engine = self.of_point(ask.details);
        let named = keys::value(ask.metadata, self.engine_key).filter(|named| !named.is_empty());
        let known = |named: &str| self.engines.iter().any(|engine| engine.name == named);
        if let Some(other) = named.filter(|named| known(named) && *named != engine.name) {
            let key = self.engine_key;
            let rule = format!("{key}={other} cannot be made of a recovery point of {}", engine.name);
            return Err(Invalid::value(format!("Metadata.{key}"), rule).into());
        }
        engine.driver.plan(ask)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        self.of_location(cx.target).driver.target(cx)
    }

    fn continuous(&self, at: &Location) -> Option<&dyn Continuous> {
        self.of_location(at).driver.continuous(at)
    }

    fn can_be_continuous(&self, probed: &Probed, secret: Option<&Secret>) -> Result<(), String> {
        self.of_location(&probed.location).driver.can_be_continuous(probed, secret)
    }

    fn sight(&self, cx: &SightCx<'_>) -> Result<Glimpse, Fault> {
        self.of_point(cx.details).driver.sight(cx)
    }

    fn proof(&self, details: &PointDetails) -> Option<&dyn Proof> {
        self.of_point(details).driver.proof(details)
    }

    /// Each mark is of one engine's form.
    fn told(&self, mark: &Mark) -> BTreeMap<String, String> {
        self.engines.iter().flat_map(|engine| engine.driver.told(mark)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_resource_and_each_recovery_point_has_one_engine() {
        let at = |parts: &[(Part, &str)]| Location::of(parts.iter().map(|(part, value)| (*part, (*value).to_owned())));
        for (parts, name) in [
            (&[(Part::Url, "postgresql://me@db")][..], "postgres"),
            (&[(Part::Url, "postgres://me@db"), (Part::Engine, "postgres")][..], "postgres"),
            (&[(Part::Url, "mysql://me@db"), (Part::Path, "/d")][..], "mariadb"),
            (&[(Part::Url, "mariadb://me@db")][..], "mariadb"),
            (&[(Part::Path, "/restored")][..], "postgres"),
            (&[(Part::Path, "/restored"), (Part::Engine, "mariadb")][..], "mariadb"),
        ] {
            assert_eq!(RDS.of_location(&at(parts)).name, name, "{parts:?}");
        }
        let point = |engine: &str| PointDetails::from([("Engine".to_owned(), engine.to_owned())]);
        assert_eq!(AURORA.of_point(&point("mariadb")).name, "aurora-mysql");
        assert_eq!(AURORA.of_point(&PointDetails::new()).name, "aurora-postgresql");
    }

    #[test]
    fn what_no_engine_takes_is_refused_before_anything_is_reached() {
        let refused = |parts: &[(Part, &str)]| {
            let at = Location::of(parts.iter().map(|(part, value)| (*part, (*value).to_owned())));
            let cx = ProbeCx { at: &at, secret: None, data_dir: std::path::Path::new("/nowhere") };
            RDS.probe(&cx).unwrap_err().to_string()
        };
        let told = refused(&[(Part::Url, "oracle://me:hunter2@db")]);
        assert!(told.contains("postgresql:// or mysql://") && !told.contains("hunter2"), "{told}");
        assert!(refused(&[(Part::Url, "mysql://me@db"), (Part::Engine, "postgres")]).contains("that is mariadb"));
        assert!(refused(&[(Part::Url, "postgresql://me@db"), (Part::Path, "/d")]).contains("not taken for postgres"));
    }
}
