//! Which messages say the same: the pattern of a message, without what is different each time.

/// What takes the place of what is different each time.
const ANY: &str = "#";

/// A message without the name of what it is about, and without ids, ARNs, paths, times and numbers: two problems with the
/// same pattern have the same cause, as far as their messages tell.
pub fn pattern(message: &str, name: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in message.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
        let own = !name.is_empty() && bare == name;
        let changing =
            own || bare.contains('/') || bare.starts_with("arn:") || bare.chars().any(|c| c.is_ascii_digit());
        // Two in a row are one: a list of three is like a list of five.
        match (changing, words.last()) {
            (true, Some(&ANY)) => {}
            (true, _) => words.push(ANY),
            (false, _) => words.push(word),
        }
    }
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_differ_in_names_numbers_and_paths_have_one_pattern() {
        let same = |a: (&str, &str), b: (&str, &str)| assert_eq!(pattern(a.0, a.1), pattern(b.0, b.1));
        same(("The path /srv/web does not exist", "web"), ("The path /srv/mail does not exist", "mail"));
        same(
            ("Completed with issues: 1 items not read: /root/secret", ""),
            ("Completed with issues: 12 items not read: /a, /b, /c", ""),
        );
        same(
            ("IAM Role arn:aws:iam::111122223333:role/a cannot be assumed", ""),
            ("IAM role arn:aws:iam::444455556666:role/b cannot be assumed", ""),
        );
        assert_ne!(pattern("The path /srv/web does not exist", ""), pattern("The disk is full", ""));
    }

    #[test]
    fn what_is_left_can_be_read() {
        assert_eq!(pattern("Backup of \"web\" at 05:00 failed", "web"), "backup of # at # failed");
        assert_eq!(pattern("", "web"), "");
    }
}
