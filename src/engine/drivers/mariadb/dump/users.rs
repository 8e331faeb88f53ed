//! The statements that make users, without those about one of them.

/// What a file of users says without its lines about `account` (`USER@HOST`): whoever restores would be given another password in the
/// midst of it. Each statement is a line.
pub(super) fn without(users: &[u8], account: &str) -> Vec<u8> {
    let (user, host) = account.rsplit_once('@').unwrap_or((account, ""));
    let named = format!("{}@{}", quoted(user, '`'), quoted(host, '`'));
    let in_default = format!("{}@{}", quoted(user, '\''), quoted(host, '\''));
    let is_about = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        let follows = |begin: &str, name: &str| {
            let rest = line.find(begin).and_then(|at| line[at + begin.len()..].strip_prefix(name));
            rest.is_some_and(|rest| rest.starts_with([' ', ';']))
        };
        line.starts_with("CREATE USER ") && follows(" IF NOT EXISTS ", &named)
            || line.starts_with("GRANT ")
                && line.match_indices(" TO ").any(|(at, to)| {
                    line[at + to.len()..].strip_prefix(&named).is_some_and(|rest| rest.starts_with([' ', ';']))
                })
            || line.starts_with("/*") && (follows(" FOR ", &in_default) || follows("ALTER USER ", &in_default))
    };
    users.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_about(line)).flatten().copied().collect()
}

/// A name between quotes.
fn quoted(name: &str, quote: char) -> String {
    let escaped = if quote == '`' { name.replace('`', "``") } else { name.replace('\\', "\\\\").replace('\'', "\\'") };
    format!("{quote}{escaped}{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `mariadb-dump --system=users --insert-ignore` writes them.
    fn about(of: &str, in_default: &str) -> String {
        format!(
            "CREATE USER IF NOT EXISTS {of} IDENTIFIED BY PASSWORD '*F5';\n\
             GRANT `some` TO {of};\n\
             GRANT ALL PRIVILEGES ON *.* TO {of} IDENTIFIED BY PASSWORD '*F5' WITH GRANT OPTION;\n\
             GRANT PROXY ON ``@`%` TO {of} WITH GRANT OPTION;\n\
             /*M!100005 SET DEFAULT ROLE some FOR {in_default} */;\n\
             /*!80001 ALTER USER {in_default} DEFAULT ROLE some */;\n"
        )
    }

    #[test]
    fn nothing_is_said_to_whoever_restores_and_all_to_everybody_else() {
        let head = "/*!40101 SET NAMES utf8mb4 */;\n";
        let others = about("`root`@`vm`", "'root'@'vm'") + &about("`me`@`localhost`", "'me'@'localhost'");
        let others = others + "GRANT PROXY ON `root`@`localhost` TO `me`@`localhost`;\nSELECT 1;\n";
        let own = about("`root`@`localhost`", "'root'@'localhost'");
        let text = format!("{head}{own}{others}");
        let left = without(text.as_bytes(), "root@localhost");
        assert_eq!(String::from_utf8(left).unwrap(), format!("{head}{others}"));
        assert_eq!(without(text.as_bytes(), "other@localhost"), text.as_bytes());
    }

    #[test]
    fn names_are_quoted_as_the_statements_quote_them() {
        let text = about("`a``b@c`@`%`", "'a`b@c'@'%'");
        assert_eq!(without(text.as_bytes(), "a`b@c@%"), b"");
    }
}
