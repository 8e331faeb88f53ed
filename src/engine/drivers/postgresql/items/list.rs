//! What is in a dump of a table, as `pg_restore --list` tells it, and what of that a database can take in which nothing else is.

/// What leads to other tables, to functions or to roles, which a dump of a table does not have.
const LEADS_ELSEWHERE: [&str; 4] = ["FK CONSTRAINT ", "TRIGGER ", "POLICY ", "PUBLICATION TABLE "];

/// What makes a table a part of another.
const ATTACHES: [&str; 2] = ["TABLE ATTACH ", "INDEX ATTACH "];

/// What is said of what is left out.
const COMMENT: &str = "COMMENT ";
const COMMENTED: [&str; 3] = [" CONSTRAINT ", " TRIGGER ", " POLICY "];

/// What of a list can be restored, as a list, and what cannot, in words. `is_part` is whether the table is a part of one that is not in
/// the dump.
pub(super) fn choose(listed: &str, is_part: bool) -> (String, Vec<String>) {
    let (mut chosen, mut left_out) = (String::new(), Vec::new());
    for line in listed.lines().filter(|line| !line.starts_with(';')) {
        let what = entry(line).unwrap_or_default();
        let begins = |words: &[&str]| words.iter().any(|word| what.starts_with(word));
        if begins(&LEADS_ELSEWHERE) {
            // The last word is whom it belongs to.
            left_out.push(what.rsplit_once(' ').map_or(what, |(what, _)| what).to_owned());
        } else if !(is_part && begins(&ATTACHES) || begins(&[COMMENT]) && COMMENTED.iter().any(|of| what.contains(of)))
        {
            chosen.push_str(line);
            chosen.push('\n');
        }
    }
    (chosen, left_out)
}

/// What stands behind the three numbers of a line.
fn entry(line: &str) -> Option<&str> {
    line.split_once("; ")?.1.splitn(3, ' ').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = ";\n; Archive created at 2026\n;\n215; 1259 16390 TABLE public orders clerk\n\
        3365; 2606 16417 FK CONSTRAINT public orders orders_customer_fkey clerk\n\
        3366; 2620 16420 TRIGGER public orders told clerk\n3367; 0 0 COMMENT public TRIGGER told ON orders clerk\n\
        3368; 0 0 COMMENT public TABLE orders clerk\n3369; 0 0 TABLE ATTACH public orders clerk\n";

    #[test]
    fn what_leads_elsewhere_is_left_out_by_name() {
        let (chosen, left_out) = choose(LIST, false);
        let numbers: Vec<&str> = chosen.lines().filter_map(|line| Some(line.split_once(';')?.0)).collect();
        assert_eq!(numbers, ["215", "3368", "3369"]);
        assert_eq!(left_out, ["FK CONSTRAINT public orders orders_customer_fkey", "TRIGGER public orders told"]);
        assert!(!choose(LIST, true).0.contains("ATTACH"));
    }
}
