//! The rule of URLs at which services lie.

/// Checks an endpoint and gives it in its one spelling. The error is the rule, as in "must …".
pub fn check_endpoint(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err("must be a URL that begins with http:// or https://".to_owned());
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        // What stands there may be a password: it is not told.
        return Err("must be a URL without a user or a password; those go into the secret file".to_owned());
    }
    let host =
        authority.rsplit_once(':').map_or(authority, |(host, port)| if port.contains(']') { authority } else { host });
    let port = authority.strip_prefix(host).and_then(|port| port.strip_prefix(':'));
    let port_is_right = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let plain = text.chars().all(|c| c.is_ascii_graphic()) && !path.contains(['?', '#']);
    if host.is_empty() || !port_is_right || !plain {
        return Err(format!("must be a URL of a host, such as https://s3.example.org:9000; it is {text:?}"));
    }
    Ok(format!("{scheme}://{}{}", authority.to_ascii_lowercase(), path.trim_end_matches('/')))
}

/// Checks the URL of a server whose user may stand in it, as in `http://me@host:8086`, and gives it in its one spelling. The error
/// is the rule, as in "must …".
pub fn check_server(text: &str) -> Result<String, String> {
    let Some((scheme, rest)) = text.split_once("://") else { return check_endpoint(text) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return check_endpoint(text) };
    if user.is_empty() || !user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)) {
        // What stands there may be a password: it is not told.
        return Err(
            "must be a URL with a user alone before its @, percent-encoded; the password goes into the secret file"
                .to_owned(),
        );
    }
    let server = check_endpoint(&format!("{scheme}://{}", &rest[user.len() + 1..]))?;
    Ok(server.replacen("://", &format!("://{user}@"), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_one_spelling_and_no_password() {
        for (given, kept) in [
            ("http://127.0.0.1:8333", "http://127.0.0.1:8333"),
            ("HTTPS://S3.Example.org/", "https://s3.example.org"),
            ("https://[::1]:9000", "https://[::1]:9000"),
            ("https://[::1]", "https://[::1]"),
            ("https://host/storage/v1/s3/", "https://host/storage/v1/s3"),
        ] {
            assert_eq!(check_endpoint(given).unwrap(), kept);
        }
        for wrong in [
            "",
            "host:80",
            "http://",
            "http://:80",
            "http://h:0",
            "http://h:x",
            "http://h/?q",
            "http://h /",
            "http://h#",
        ] {
            assert!(check_endpoint(wrong).is_err(), "{wrong}");
        }
        let refused = check_endpoint("http://user:hunter2@host").unwrap_err();
        assert!(!refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn the_url_of_a_server_may_name_a_user_and_no_password() {
        for (given, kept) in [
            ("http://127.0.0.1:8086/", "http://127.0.0.1:8086"),
            ("HTTP://Me%40x@Host:8086", "http://Me%40x@host:8086"),
        ] {
            assert_eq!(check_server(given).unwrap(), kept);
            assert_eq!(check_server(kept).unwrap(), kept);
        }
        for wrong in [
            "",
            "host",
            "http://:hunter2@host",
            "http://me:hunter2@host",
            "http://@host",
            "ftp://me@host",
            "http://me@",
        ] {
            let refused = check_server(wrong).unwrap_err();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
