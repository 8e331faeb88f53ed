//! `vaultdeck metrics` and `serve --metrics`.

use super::{ContextOptions, WithinOptions};
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr};

#[derive(Debug, Args)]
pub(in crate::cli) struct MetricsOptions {
    #[command(flatten)]
    pub(in crate::cli) place: ContextOptions,
    #[command(flatten)]
    pub(in crate::cli) within: WithinOptions,
}

/// An address, or a port of 127.0.0.1.
pub(in crate::cli) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text);
    match port.parse::<u16>() {
        Ok(port) => Ok((Ipv4Addr::LOCALHOST, port).into()),
        Err(_) => {
            text.parse().map_err(|_| "it is a port such as 9861, or an address such as 127.0.0.1:9861".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_this_machine() {
        for (text, told) in [
            ("9861", "127.0.0.1:9861"),
            (":9861", "127.0.0.1:9861"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:7", "[::1]:7"),
        ] {
            assert_eq!(address(text).map(|found| found.to_string()), Ok(told.to_owned()));
        }
        for text in ["", "70000", "localhost", "127.0.0.1", "a:b", ":"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
