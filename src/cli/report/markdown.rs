//! A report as Markdown, GitHub's, which every other reader takes too. What comes from a service is text and nothing else: it makes
//! no table, link, heading or mention.

use crate::client::report::{JobLine, Named, Place, Report, RestoreLine, Span, Sum};
use crate::client::text::markdown_cell;
use crate::domain::{Time, sizes};
use crate::tui::fmt::duration;
use chrono::Duration;

/// So many rows a table has; of what is more the number is told.
const MOST_ROWS: usize = 100;

type Cells = Vec<String>;

/// All of it.
pub(super) fn text(report: &Report) -> String {
    let period = &report.period;
    let title = match period.span {
        Span::Daily => "Daily report",
        Span::Weekly => "Weekly report",
    };
    let mut text = format!("# {title}, {} to {}\n\n", minute(period.from), minute(period.to));
    text += &format!("All times are UTC. Told at {}.\n", minute(report.told_at));
    for note in &report.notes {
        text += &format!("{note}\n");
    }
    let unread = report.unread.iter().map(|line| cells(&line.place, [line.why.clone()]));
    if !report.unread.is_empty() {
        text += &section("Could not be read", &["Account", "Region", "Why"], unread);
    }
    text += &section("Jobs", &SUMS, report.jobs.iter().map(sum));
    text += &section("What did not go well", &TROUBLES, report.troubles.iter().map(trouble));
    let missing =
        report.missing.iter().map(|line| resource(&line.place, &line.resource, [minute(line.due), line.rule.clone()]));
    text += &section("Missing runs", &["Account", "Region", "Type", "Resource", "Due", "Plan and rule"], missing);
    for (title, lines) in [("New findings", &report.new_findings), ("Gone findings", &report.gone_findings)] {
        let rows = lines.iter().map(|line| {
            let muted = if line.muted { "muted" } else { "" };
            let words = [line.severity, line.kind, muted].map(str::to_owned);
            let [severity, kind, muted] = words;
            cells(&line.place, [severity, kind, minute(line.time), line.title.clone(), line.detail.clone(), muted])
        });
        text += &section(title, &["Account", "Region", "Severity", "Kind", "At", "What", "Why", ""], rows);
    }
    let unprotected = report.unprotected.iter().map(|line| resource(&line.place, &line.resource, []));
    text += &section("No plan selects", &["Account", "Region", "Type", "Resource"], unprotected);
    let growth = report.growth.iter().map(|line| {
        let counts =
            [line.points.to_string(), bytes(line.bytes), line.added_points.to_string(), bytes(line.added_bytes)];
        cells(&line.place, [vec![line.backup_vault_name.clone()], counts.to_vec()].concat())
    });
    text += &section("Vaults", &["Account", "Region", "Vault", "Points", "Size", "New points", "Their size"], growth);
    text += &section("Longest jobs", &LONGEST, report.longest.iter().map(longest));
    text += &section("Restored and proven", &RESTORES, report.restores.iter().map(restored));
    let deletions = report.deletions.iter().map(|line| {
        let rest = [line.backup_vault_name.clone(), minute(line.created), bytes(line.bytes), minute(line.delete_at)];
        resource(&line.place, &line.resource, rest)
    });
    let next = match period.span {
        Span::Daily => "Deleted within the next day",
        Span::Weekly => "Deleted within the next seven days",
    };
    text + &section(
        next,
        &["Account", "Region", "Type", "Resource", "Vault", "Made", "Size", "Deleted after"],
        deletions,
    )
}

const SUMS: [&str; 13] = [
    "Account",
    "Region",
    "Type",
    "Kind",
    "Ran",
    "Completed",
    "With issues",
    "Failed",
    "Expired",
    "Stopped",
    "Not ended",
    "Missing",
    "Size",
];
const TROUBLES: [&str; 8] = ["Account", "Region", "Type", "Resource", "Kind", "What", "When", "Why"];
const LONGEST: [&str; 8] = ["Account", "Region", "Type", "Resource", "Kind", "Took", "Size", "Ended"];
const RESTORES: [&str; 8] = ["Account", "Region", "Type", "Resource", "What", "When", "Point of", "Why"];

fn sum(line: &Sum) -> Cells {
    let counts = [
        line.ran,
        line.completed,
        line.with_issues,
        line.failed,
        line.expired,
        line.stopped,
        line.not_ended,
        line.missing,
    ];
    let mut row = cells(&line.place, [line.resource_type.clone(), line.kind.to_owned()]);
    row.extend(counts.map(|count| count.to_string()));
    row.push(bytes(line.bytes));
    row
}

fn trouble(line: &JobLine) -> Cells {
    let rest = [
        line.kind.to_owned(),
        line.outcome.word().to_owned(),
        minute(line.ended.unwrap_or(line.created)),
        line.message.clone(),
    ];
    resource(&line.place, &line.resource, rest)
}

fn longest(line: &JobLine) -> Cells {
    let took = line.seconds.map(|seconds| duration(Duration::seconds(seconds))).unwrap_or_default();
    let ended = line.ended.map(minute).unwrap_or_default();
    resource(&line.place, &line.resource, [line.kind.to_owned(), took, bytes(line.bytes), ended])
}

fn restored(line: &RestoreLine) -> Cells {
    let job = &line.job;
    let rest = [
        line.verdict.to_owned(),
        minute(job.ended.unwrap_or(job.created)),
        line.recovery_point_created.map(minute).unwrap_or_default(),
        job.message.clone(),
    ];
    resource(&job.place, &job.resource, rest)
}

fn cells(place: &Place, rest: impl IntoIterator<Item = String>) -> Cells {
    [place.account_id.clone(), place.region.clone()].into_iter().chain(rest).collect()
}

fn resource(place: &Place, named: &Named, rest: impl IntoIterator<Item = String>) -> Cells {
    cells(place, [named.resource_type.clone(), named.name.clone()].into_iter().chain(rest))
}

fn section(title: &str, titles: &[&str], rows: impl ExactSizeIterator<Item = Cells>) -> String {
    let count = rows.len();
    let mut text = format!("\n## {title}\n\n");
    if count == 0 {
        return text + "None.\n";
    }
    text += &format!("| {} |\n|{}\n", titles.join(" | "), " --- |".repeat(titles.len()));
    for row in rows.take(MOST_ROWS) {
        let cells: Vec<String> = row.iter().map(|cell| markdown_cell(cell)).collect();
        text += &format!("| {} |\n", cells.join(" | "));
    }
    if count > MOST_ROWS {
        text += &format!("\n… and {} more, which `--output json` has.\n", count - MOST_ROWS);
    }
    text
}

/// `2026-11-23 05:00`, in UTC.
fn minute(time: Time) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

fn bytes(number: i64) -> String {
    sizes::bytes(u64::try_from(number).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_ends_and_tells_how_much_is_left() {
        let rows: Vec<Cells> = (0..MOST_ROWS + 3).map(|n| vec![n.to_string()]).collect();
        let text = section("Many", &["N"], rows.into_iter());
        assert!(text.contains("| 99 |\n\n… and 3 more") && !text.contains("| 100 |"), "{text}");
    }
}
