//! Which regions there are: AWS's own, by name.

use crate::domain::{Invalid, Region};

/// AWS's regions in all its partitions, as its endpoints list them.
pub const AWS_REGIONS: [&str; 48] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// How many names a refusal proposes.
const PROPOSALS: usize = 3;

/// Whether AWS has this region.
pub fn is_aws(region: &Region) -> bool {
    AWS_REGIONS.contains(&region.as_str())
}

/// Refuses a region that is neither AWS's nor among `own`, and names those that were probably meant.
pub fn refuse<'a>(region: &Region, own: impl IntoIterator<Item = &'a Region>) -> Invalid {
    let mut known: Vec<&str> = AWS_REGIONS.into_iter().chain(own.into_iter().map(Region::as_str)).collect();
    known.sort_by_key(|name| (distance(region.as_str(), name), *name));
    let nearest = known.into_iter().take(PROPOSALS).collect::<Vec<_>>().join(", ");
    Invalid::value(
        "Region",
        format_args!(
            "{region} is neither a region of AWS nor one of the config file's [regions.NAME]; the nearest names are {nearest}"
        ),
    )
}

/// How many letters must be added, taken away or replaced to make one text of the other; two neighbours that changed
/// places, the commonest slip of the fingers, count as one.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for (i, letter) in from.iter().enumerate() {
        let above = &rows[i];
        let mut row = vec![i + 1];
        for (j, other) in to.iter().enumerate() {
            let mut best = (above[j] + usize::from(letter != other)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == to[j - 1] && from[i - 1] == *other {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    #[test]
    fn every_name_has_a_regions_form_and_stands_once_in_order() {
        assert!(AWS_REGIONS.iter().all(|name| name.parse::<Region>().is_ok()));
        assert!(AWS_REGIONS.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn distances_count_slips_of_the_fingers() {
        for (from, to, expected) in [
            ("a", "a", 0),
            ("", "abc", 3),
            ("eats", "east", 1),
            ("us-eats-1", "us-east-1", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
            assert_eq!(distance(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn a_refusal_names_what_was_meant() {
        assert!(is_aws(&region("us-east-1")) && !is_aws(&region("us-eats-1")));
        let refused = refuse(&region("us-eats-1"), []);
        assert_eq!(refused.field, "Region");
        assert!(refused.message.contains("nearest names are us-east-1, "), "{}", refused.message);
        let own = region("office-berlin-1");
        assert!(refuse(&region("office-berln-1"), [&own]).message.contains("are office-berlin-1, "));
    }
}
