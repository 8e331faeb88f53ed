//! A report as one table: what each row is of stands in its first column.

use crate::cli::output::{Column, Row, Show};
use crate::client::report::{FindingLine, JobLine, Named, Place, Report};
use serde_json::{Value, json};

/// The columns, in their order.
pub(super) const COLUMNS: [Column; 13] = [
    column("Section"),
    column("AccountId"),
    column("Region"),
    column("ResourceType"),
    column("Name"),
    column("Kind"),
    column("State"),
    column("Time"),
    column("Count"),
    column("Bytes"),
    column("Seconds"),
    column("Detail"),
    column("Id"),
];

const fn column(member: &'static str) -> Column {
    Column { title: member, member, show: Show::Plain }
}

/// A row under construction.
struct Line(Row);

impl Line {
    fn of(section: &str) -> Self {
        Self(Row::new()).with("Section", section)
    }

    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0.insert(member.to_owned(), value.into());
        self
    }

    fn at(self, place: &Place) -> Self {
        self.with("AccountId", place.account_id.as_str()).with("Region", place.region.as_str())
    }

    fn resource(self, place: &Place, resource: &Named) -> Self {
        self.at(place).with("ResourceType", resource.resource_type.as_str()).with("Name", resource.name.as_str())
    }
}

/// The rows, section by section.
pub(super) fn rows(report: &Report) -> Vec<Row> {
    let period = &report.period;
    let head = Line::of("period").with("Kind", json!(period.span)).with("Time", json!(period.from));
    let mut lines = vec![head.with("Detail", format!("until {} UTC", period.to.format("%Y-%m-%dT%H:%M:%S")))];
    lines.extend(report.unread.iter().map(|line| Line::of("unread").at(&line.place).with("Detail", line.why.as_str())));
    lines.extend(sums(report));
    lines.extend(report.troubles.iter().map(|line| job("trouble", line)));
    lines.extend(report.missing.iter().map(|line| {
        let row = Line::of("missing").resource(&line.place, &line.resource).with("Kind", "backup");
        row.with("State", "missing").with("Time", json!(line.due)).with("Detail", line.rule.as_str())
    }));
    lines.extend(report.new_findings.iter().map(|line| finding("new finding", line)));
    lines.extend(report.gone_findings.iter().map(|line| finding("gone finding", line)));
    lines.extend(report.unprotected.iter().map(|line| Line::of("unprotected").resource(&line.place, &line.resource)));
    lines.extend(growth(report));
    lines.extend(report.longest.iter().map(|line| job("longest", line)));
    lines.extend(report.restores.iter().map(|line| {
        let point = line.recovery_point_arn.as_str();
        job("restore", &line.job).with("State", line.verdict).with("Detail", format!("{point} {}", line.job.message))
    }));
    lines.extend(report.deletions.iter().map(|line| {
        let row = Line::of("deletion").resource(&line.place, &line.resource).with("Time", json!(line.delete_at));
        let row = row.with("Bytes", line.bytes).with("Detail", line.backup_vault_name.as_str());
        row.with("Id", line.recovery_point_arn.as_str())
    }));
    lines.into_iter().map(|line| line.0).collect()
}

/// One row for each number that is not nothing.
fn sums(report: &Report) -> Vec<Line> {
    let mut lines = Vec::new();
    for sum in &report.jobs {
        let states = [
            ("completed", sum.completed),
            ("with issues", sum.with_issues),
            ("failed", sum.failed),
            ("expired", sum.expired),
            ("stopped", sum.stopped),
            ("not ended", sum.not_ended),
            ("missing", sum.missing),
        ];
        for (state, count) in states.into_iter().filter(|(_, count)| *count > 0) {
            let line = Line::of("jobs").at(&sum.place).with("ResourceType", sum.resource_type.as_str());
            lines.push(line.with("Kind", sum.kind).with("State", state).with("Count", count));
        }
    }
    lines
}

fn growth(report: &Report) -> Vec<Line> {
    let both = report.growth.iter().flat_map(|line| {
        [("all", line.points, line.bytes), ("new", line.added_points, line.added_bytes)].map(|told| (line, told))
    });
    let row = |(line, (state, points, bytes)): (&crate::client::report::Growth, (&str, u64, i64))| {
        let row = Line::of("vault").at(&line.place).with("Name", line.backup_vault_name.as_str());
        row.with("State", state).with("Count", points).with("Bytes", bytes)
    };
    both.map(row).collect()
}

fn job(section: &str, line: &JobLine) -> Line {
    let row = Line::of(section).resource(&line.place, &line.resource).with("Kind", line.kind);
    let row = row.with("State", line.outcome.word()).with("Time", json!(line.ended.unwrap_or(line.created)));
    let row = row.with("Bytes", line.bytes).with("Seconds", json!(line.seconds));
    row.with("Detail", line.message.as_str()).with("Id", line.job_id.as_str())
}

fn finding(section: &str, line: &FindingLine) -> Line {
    let row = Line::of(section).at(&line.place).with("Name", line.title.as_str()).with("Kind", line.kind);
    let muted = if line.muted { "MUTED " } else { "" };
    let row = row.with("State", format!("{muted}{}", line.severity)).with("Time", json!(line.time));
    row.with("Detail", line.detail.as_str())
}
