//! The calls of InfluxDB that a backup and a restore need, of one database.

use super::answer::Series;
use super::faults::Place;
use super::pieces::Pieces;
use super::policies::Policy;
use super::rows::quoted;
use super::{database_of, url_of};
use crate::domain::types::location::Location;
use crate::domain::{Invalid, Secret};
use crate::engine::drivers::Fault;
use crate::engine::drivers::http::{Http, Request, clean, patiently};
use crate::repository::Control;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// How many points come in one piece of an answer.
const PIECE: &str = "2000";

/// A client of one database.
pub(super) struct Client {
    http: Arc<Http>,
    place: Place,
    /// What says who asks.
    authorization: Option<Zeroizing<String>>,
    patience: Duration,
}

impl Client {
    /// A client for a location. Nothing is called yet.
    pub(super) fn open(at: &Location, secret: Option<&Secret>, patience: Duration) -> Result<Self, Fault> {
        let (scheme, rest) = url_of(at).split_once("://").unwrap_or_default();
        let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
        let url = format!("{scheme}://{place}");
        let authorization = user.map(|user| {
            let user = percent_decode_str(user).decode_utf8_lossy();
            let password = secret.map(Secret::reveal).unwrap_or_default();
            let told = Zeroizing::new(format!("{user}:{password}"));
            Zeroizing::new(format!("Basic {}", BASE64.encode(told.as_bytes())))
        });
        if secret.is_some() && user.is_none() {
            let rule = "must name the user whose password the secret is: http://USER@HOST:PORT".to_owned();
            return Err(Invalid::value("Url", rule).into());
        }
        let http = Http::open(&format!("The server {url}"))?;
        let place = Place { url, database: database_of(at).to_owned() };
        Ok(Self { http, place, authorization, patience })
    }

    pub(super) fn database(&self) -> &str {
        &self.place.database
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn url(&self) -> &str {
        &self.place.url
    }

    fn request(&self, method: http::Method, path: &str, body: Bytes) -> Result<Request, Fault> {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.place.url));
        if path == "/query" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization.as_str());
        }
        request.body(body).map_err(|_| Fault::Failed(format!("{path} could not be asked of {}", self.place.url)))
    }

    /// The server's version, if it is one that this knows.
    pub(super) fn look_at_server(&self) -> Result<String, Fault> {
        let answer = patiently(self.patience, None, || {
            let answer = self.http.ask(self.request(http::Method::GET, "/ping", Bytes::new())?, None)?;
            if answer.is_good() { Ok(answer) } else { Err(self.place.fault(&answer)) }
        })?;
        match answer.header("x-influxdb-version") {
            Some(version) if version.trim_start_matches('v').starts_with("1.") => Ok(clean(version)),
            Some(version) => Err(Fault::Unsupported {
                found: format!("The server {}, an InfluxDB {},", self.place.url, clean(version)),
                needs: "InfluxDB 1".to_owned(),
            }),
            None => Err(self.place.no_influx()),
        }
    }

    /// A question, as a form.
    /// In pieces, for of an answer in one a server may leave out what is above its `max-row-limit`.
    fn question(&self, question: &str) -> Result<Request, Fault> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (database, question) = (encoded(&self.place.database), encoded(question));
        let form = format!("epoch=ns&db={database}&q={question}&chunked=true&chunk_size={PIECE}");
        self.request(http::Method::POST, "/query", form.into())
    }

    /// What the server answers to a question, whole.
    pub(super) fn query(&self, question: &str, stop: Option<&Control>) -> Result<Vec<Series>, Fault> {
        patiently(self.patience, stop, || {
            let (mut pieces, mut all) = (self.begin(question, stop)?, Vec::new());
            while let Some(series) = pieces.next(stop)? {
                all.extend(series);
            }
            Ok(all)
        })
    }

    /// What the server answers to a question, piece by piece.
    pub(super) fn pieces(&self, question: &str, stop: &Control) -> Result<Pieces, Fault> {
        patiently(self.patience, Some(stop), || self.begin(question, Some(stop)))
    }

    fn begin(&self, question: &str, stop: Option<&Control>) -> Result<Pieces, Fault> {
        let coming = self.http.begin(self.question(question)?, stop)?;
        if coming.status == 200 {
            return Ok(Pieces::new(coming, self.place.clone()));
        }
        Err(self.place.fault(&coming.take(stop)?))
    }

    /// The database's retention policies.
    pub(super) fn policies(&self, stop: Option<&Control>) -> Result<Vec<Policy>, Fault> {
        let series = self.query(&format!("SHOW RETENTION POLICIES ON {}", quoted(&self.place.database)), stop)?;
        let mut policies = Vec::new();
        for series in series {
            for row in &series.values {
                let text = |name: &str| series.text(row, name);
                let (Some(name), Some(duration), Some(shard)) =
                    (text("name"), text("duration"), text("shardGroupDuration"))
                else {
                    return Err(self.place.no_influx());
                };
                let default = series.raw(row, "default") == Some("true");
                policies.push(Policy { name, duration, shard_group_duration: shard, default });
            }
        }
        Ok(policies)
    }

    /// The names of all measurements.
    pub(super) fn measurements(&self, stop: Option<&Control>) -> Result<Vec<String>, Fault> {
        let series = self.query(&format!("SHOW MEASUREMENTS ON {}", quoted(&self.place.database)), stop)?;
        let rows = series.iter().flat_map(|series| series.values.iter().map(move |row| series.text(row, "name")));
        let mut names = rows.collect::<Option<Vec<String>>>().ok_or_else(|| self.place.no_influx())?;
        names.sort();
        Ok(names)
    }

    /// Writes points, which are there already or not.
    pub(super) fn write(&self, policy: &str, points: Bytes) -> Result<(), Fault> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let path = format!("/write?db={}&rp={}&precision=ns", encoded(&self.place.database), encoded(policy));
        patiently(self.patience, None, || {
            let answer = self.http.ask(self.request(http::Method::POST, &path, points.clone())?, None)?;
            if answer.status == 204 { Ok(()) } else { Err(self.place.fault(&answer)) }
        })
    }
}
