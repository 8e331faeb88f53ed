//! `iscsi://[USER@]HOST[:PORT]/TARGET/LUN`.

use crate::domain::{Invalid, Secret};
use crate::engine::drivers::volume::image::nbd;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt::{self, Display};

/// The port of iSCSI.
const PORT: u16 = 3260;
/// No name of a target is longer.
const LONGEST: usize = 223;
/// The greatest number of a unit.
const GREATEST: u16 = 16_383;
/// What stands for itself in the name of a user.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a unit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::drivers::volume) struct Url {
    /// As whom the target is asked, where it asks for that.
    pub(super) user: Option<String>,
    /// An IPv6 address without brackets.
    host: String,
    port: u16,
    target: String,
    unit: u16,
}

impl Url {
    /// Whether a URL is one of these at all.
    pub(in crate::engine::drivers::volume) fn is_one(text: &str) -> bool {
        text.starts_with("iscsi://")
    }

    /// Reads a URL. The error is the rule, as in "must …".
    pub(in crate::engine::drivers::volume) fn parse(text: &str) -> Result<Self, String> {
        let form = "must be iscsi://HOST:PORT/TARGET/LUN or iscsi://USER@HOST:PORT/TARGET/LUN";
        let rest = text.strip_prefix("iscsi://").ok_or(form)?;
        let (authority, path) = rest.split_once('/').ok_or(form)?;
        let (user, place) = authority.rsplit_once('@').map_or((None, authority), |(user, place)| (Some(user), place));
        // libiscsi has passwords behind a `%` there, others behind a `:`. What stands there is not told.
        let user =
            user.map(|user| user_of(user).ok_or("must have no password: that comes in --secret-file")).transpose()?;
        let (host, port) = nbd::split(place, PORT).ok_or(form)?;
        let (target, unit) = path.rsplit_once('/').ok_or(form)?;
        let is_target = ["iqn.", "eui.", "naa."].iter().any(|begin| target.starts_with(begin))
            && target.len() <= LONGEST
            && target.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_'));
        if !is_target {
            return Err(format!("{form}, where TARGET is a name as iqn.2026-11.example:disk"));
        }
        let is_number = !unit.is_empty() && unit.bytes().all(|byte| byte.is_ascii_digit());
        let unit = unit.parse::<u16>().ok().filter(|unit| is_number && *unit <= GREATEST);
        let unit = unit.ok_or_else(|| format!("{form}, where LUN is a number of at most {GREATEST}"))?;
        Ok(Self { user, host, port, target: target.to_owned(), unit })
    }

    /// A user has a password, and a password a user.
    pub(super) fn check_secret(&self, secret: Option<&Secret>) -> Result<(), Invalid> {
        let rule = match (&self.user, secret) {
            (Some(_), None) => "names a user, whose password is missing: --secret-file has it",
            (None, Some(_)) => "names no user whose password that is: iscsi://USER@HOST:PORT/TARGET/LUN does",
            _ => return Ok(()),
        };
        Err(Invalid::value("Url", rule))
    }

    /// What it is called in messages.
    pub(super) fn shown(&self) -> String {
        format!("The unit {} of the iSCSI target {} at {}", self.unit, self.target, self.portal())
    }

    fn portal(&self) -> String {
        nbd::joined(&self.host, self.port)
    }

    /// What qemu's programs are told of it, with the id of the password.
    pub(super) fn options(&self, initiator: &str, secret: Option<&str>) -> String {
        let file = [
            ("driver", Some("iscsi".to_owned())),
            ("transport", Some("tcp".to_owned())),
            ("portal", Some(self.portal())),
            ("target", Some(self.target.clone())),
            ("lun", Some(self.unit.to_string())),
            ("initiator-name", Some(initiator.to_owned())),
            // A comma would end the value.
            ("user", self.user.as_ref().map(|user| user.replace(',', ",,"))),
            ("password-secret", secret.map(str::to_owned)),
        ];
        let options = file.into_iter().filter_map(|(name, value)| Some(format!("file.{name}={}", value?)));
        options.collect::<Vec<_>>().join(",")
    }
}

fn user_of(text: &str) -> Option<String> {
    let name = percent_decode_str(text).decode_utf8().ok()?.into_owned();
    // A `%` that begins no code is libiscsi's sign before a password.
    let is_code = |piece: &str| piece.len() >= 2 && piece.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
    let fits = !text.contains(':') && text.split('%').skip(1).all(is_code);
    (fits && !name.is_empty() && name.len() <= LONGEST && !name.chars().any(char::is_control)).then_some(name)
}

impl Display for Url {
    /// Its one spelling.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("iscsi://")?;
        if let Some(user) = &self.user {
            write!(f, "{}@", utf8_percent_encode(user, PLAIN))?;
        }
        write!(f, "{}/{}/{}", self.portal(), self.target, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_one_spelling() {
        for (given, kept) in [
            ("iscsi://Gw/iqn.2026-11.test:disk/1", "iscsi://gw:3260/iqn.2026-11.test:disk/1"),
            ("iscsi://[::1]:9/eui.02004567A425678D/0", "iscsi://[::1]:9/eui.02004567A425678D/0"),
            ("iscsi://a%2Cb@gw:1/naa.5/16383", "iscsi://a%2Cb@gw:1/naa.5/16383"),
        ] {
            let url = Url::parse(given).unwrap();
            assert_eq!(url.to_string(), kept);
            assert_eq!(Url::parse(kept).unwrap(), url);
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused_without_its_password() {
        for wrong in [
            "iscsi://gw",
            "iscsi://gw/iqn.x",
            "iscsi://gw/iqn.x/",
            "iscsi://gw/iqn.x/+1",
            "iscsi://gw/iqn.x/16384",
            "iscsi://gw/disk/1",
            "iscsi://gw/iqn.x,file.user=root/1",
            "iscsi://gw/iqn.x y/1",
            "iscsi:///iqn.x/1",
            "iscsi://gw:0/iqn.x/1",
            "iscsi://@gw/iqn.x/1",
            "iscsi://a%00@gw/iqn.x/1",
            "nbd://gw/x",
        ] {
            assert!(Url::parse(wrong).is_err(), "{wrong}");
        }
        for with in ["iscsi://ada%hunter2@gw/iqn.x/1", "iscsi://ada:hunter2@gw/iqn.x/1"] {
            let refused = Url::parse(with).unwrap_err();
            assert!(refused.contains("--secret-file") && !refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_name_is_one_value_whatever_is_in_it() {
        let url = Url::parse("iscsi://a%2Cfile.lun=9@gw/iqn.x/1").unwrap();
        assert!(url.options("i", Some("chap")).ends_with("user=a,,file.lun=9,file.password-secret=chap"));
        assert!(!Url::parse("iscsi://gw/iqn.x/1").unwrap().options("i", None).contains("user"));
    }

    #[test]
    fn a_user_has_a_password_and_a_password_a_user() {
        let secret = Secret::new("x".to_owned());
        let check = |url: &str, secret| Url::parse(url).unwrap().check_secret(secret).is_ok();
        assert!(check("iscsi://ada@gw/iqn.x/1", Some(&secret)) && check("iscsi://gw/iqn.x/1", None));
        assert!(!check("iscsi://ada@gw/iqn.x/1", None) && !check("iscsi://gw/iqn.x/1", Some(&secret)));
    }
}
