//! A server that is asked what it is, and whether it can be backed up.

use super::address::Address;
use super::faults::Doing;
use super::programs::{BACKUP, CLIENT};
use super::version::Version;
use super::{Seen, faults, rows};
use crate::domain::Secret;
use crate::domain::types::location::Part;
use crate::engine::drivers::{Fault, Mark, Registered};
use std::time::Duration;

/// The oldest version that has backup locks, without which copying files holds up every writer.
const OLDEST: Version = Version::new(10, 5);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The rights that a copy of the files needs.
const RIGHTS: [&str; 3] = ["RELOAD", "PROCESS", "LOCK TABLES"];

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) version: String,
    pub(super) hostname: String,
    pub(super) data_dir: String,
    pub(super) page_size: u64,
    pub(super) seen: Seen,
}

/// Asks a server what it is.
pub(super) fn look(address: &Address, secret: Option<&Secret>) -> Result<Server, Fault> {
    let row = ask(address, secret, rows::LOOK)?.into_iter().next();
    let row: Option<[String; 6]> = row.and_then(|row| row.try_into().ok());
    judge(address, row.ok_or_else(|| faults::fault(address, "it does not say what it is as MariaDB does"))?)
}

/// Refuses a user who lacks a right that a copy of the files needs.
pub(super) fn check_rights(address: &Address, secret: Option<&Secret>, rights: &[&str]) -> Result<(), Fault> {
    let grants: Vec<String> = ask(address, secret, rows::RIGHTS)?.into_iter().flatten().collect();
    let missing: Vec<&str> = rights.iter().filter(|right| !is_granted(&grants, right)).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Fault::Denied(format!(
        "The user {user} of the MariaDB server at {place} lacks {missing}: GRANT {all} ON *.* TO that user.",
        user = address.user,
        place = address.place(),
        missing = missing.join(", "),
        all = rights.join(", "),
    )))
}

/// Whether one of these grants is that of a right to everything.
fn is_granted(grants: &[String], right: &str) -> bool {
    let everywhere = grants.iter().filter_map(|grant| Some(grant.strip_prefix("GRANT ")?.split_once(" ON *.* TO ")?.0));
    everywhere.flat_map(|rights| rights.split(", ")).any(|held| held == right || held == "ALL PRIVILEGES")
}

/// How many bytes its files have; a fault where the user may not copy them, or they lie in several places.
pub(super) fn files(address: &Address, secret: Option<&Secret>) -> Result<u64, Fault> {
    check_rights(address, secret, &RIGHTS)?;
    let row = ask(address, secret, rows::FILES)?.into_iter().next();
    let Some([bytes, elsewhere]) = row.and_then(|row| <[String; 2]>::try_from(row).ok()) else {
        return Err(faults::fault(address, "it does not say which files it has as MariaDB does"));
    };
    if !elsewhere.is_empty() {
        let found = format!(
            "The MariaDB server at {} with {elsewhere} outside of its data directory (DATA DIRECTORY)",
            address.place()
        );
        return Err(Fault::Unsupported { found, needs: "a server that lies in its data directory alone".to_owned() });
    }
    Ok(bytes.parse().unwrap_or_default())
}

/// Refuses a program for copying that is not of the server's version.
pub(super) fn check_programs(address: &Address, version: &str) -> Result<(), Fault> {
    let installed = BACKUP.version()?;
    if Version::of(version) == Some(installed) {
        return Ok(());
    }
    let found = format!("mariadb-backup {installed} for the MariaDB server {version} at {}", address.place());
    Err(Fault::Unsupported { found, needs: "the program of the server's own version".to_owned() })
}

/// The rows of an answer of a server that is backed up.
pub(super) fn ask(address: &Address, secret: Option<&Secret>, question: &str) -> Result<Vec<Vec<String>>, Fault> {
    ask_for(Doing::BackUp, address, secret, question)
}

/// The rows of an answer.
pub(super) fn ask_for(
    doing: Doing,
    address: &Address,
    secret: Option<&Secret>,
    question: &str,
) -> Result<Vec<Vec<String>>, Fault> {
    let arguments = ["--batch", "--skip-column-names", "--connect-timeout=15", "--default-character-set=utf8mb4"];
    let program = arguments.iter().fold(CLIENT.on_server(address, secret)?, |program, argument| program.arg(argument));
    let ended = program.arg("--execute").arg(question).run(PATIENCE);
    let ended = ended.map_err(|fault| match fault {
        Fault::Failed(said) if said.starts_with("mariadb ") => faults::fault_of(doing, address, &said),
        missing => missing,
    })?;
    Ok(rows_of(&ended.output))
}

/// The rows that the client wrote.
pub(super) fn rows_of(output: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(output);
    text.lines().map(|line| line.split('\t').map(unescaped).collect()).collect()
}

/// A column without what the client writes for characters that would end it.
fn unescaped(column: &str) -> String {
    let mut text = String::new();
    let mut rest = column.chars();
    while let Some(character) = rest.next() {
        match (character, character == '\\') {
            (_, true) => text.extend(rest.next().map(|escaped| match escaped {
                'n' => '\n',
                't' => '\t',
                '0' => '\0',
                other => other,
            })),
            (plain, false) => text.push(plain),
        }
    }
    text
}

/// The server of a resource, if it is still the one that was registered.
pub(super) fn registered(of: &Registered) -> Result<(Address, Server), Fault> {
    let resource = &of.resource;
    let Some(url) = resource.location.part(Part::Url) else {
        return Err(Fault::Failed(format!(
            "{name} was restored to {at} and is no server yet: start one there (mariadbd --datadir=FOLDER) and register that, with \
             vaultdeck resource remove {name} and vaultdeck resource add {kind} {name} --url mysql://USER@HOST:PORT --path FOLDER.",
            name = resource.name,
            at = resource.location,
            kind = resource.resource_type,
        )));
    };
    let address = Address::parse(url).map_err(|rule| Fault::Failed(format!("The URL {rule}.")))?;
    let server = look(&address, of.secret.as_ref())?;
    let known: Option<Seen> = of.mark.as_ref().and_then(Mark::read);
    if known.is_none_or(|known| server.seen.is(&known)) {
        return Ok((address, server));
    }
    Err(Fault::Failed(format!(
        "At {place} is another server than when {name} was registered or last backed up. If this is right, register it again: \
         vaultdeck resource add {kind} {name} {options}",
        place = address.place(),
        name = resource.name,
        kind = resource.resource_type,
        options = resource.location.options(),
    )))
}

/// What a server's row means.
fn judge(address: &Address, row: [String; 6]) -> Result<Server, Fault> {
    let [version, uid, hostname, data_dir, page_size, born] = row;
    if Version::of(&version).is_none_or(|version| version < OLDEST) {
        let found = format!("The MariaDB server {version} at {}", address.place());
        return Err(Fault::Unsupported { found, needs: format!("version {OLDEST} or a newer one") });
    }
    let seen = Seen { server_uid: uid, born: born.parse().unwrap_or_default(), version: version.clone() };
    Ok(Server { version, hostname, data_dir, page_size: page_size.parse().unwrap_or_default(), seen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_taken_from_the_version_on_that_has_backup_locks() {
        let address = Address::parse("mysql://me@db").unwrap();
        let row = |version: &str| [version, "uid", "host", "/var/lib/mysql/", "16384", "1795716984"].map(str::to_owned);
        let server = judge(&address, row("10.11.19-MariaDB-log")).unwrap();
        assert_eq!((server.page_size, server.seen.server_uid.as_str()), (16384, "uid"));
        for old in ["10.4.32-MariaDB", "5.7.44", "strange"] {
            let refused = judge(&address, row(old)).unwrap_err().to_string();
            assert!(refused.contains("db:3306") && refused.contains("version 10.5 or a newer one"), "{refused}");
        }
    }

    #[test]
    fn a_right_counts_where_it_is_one_to_everything() {
        let grants = [
            "GRANT `r` TO `me`@`%`",
            "GRANT PROCESS, LOCK TABLES ON *.* TO `r`",
            "GRANT RELOAD, SELECT ON `shop`.* TO `me`@`%`",
        ];
        let grants = grants.map(str::to_owned);
        assert_eq!(
            ["PROCESS", "LOCK TABLES", "RELOAD", "SELECT"].map(|right| is_granted(&grants, right)),
            [true, true, false, false]
        );
        assert!(is_granted(
            &["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION".to_owned()],
            "EVENT"
        ));
    }

    #[test]
    fn a_column_is_read_as_the_client_writes_it() {
        assert_eq!(unescaped("a\\\\b\\nc\\td\\"), "a\\b\nc\td");
        assert_eq!(unescaped("größe"), "größe");
    }
}
