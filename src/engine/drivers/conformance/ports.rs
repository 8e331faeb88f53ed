use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

// Below what the kernel gives to whoever connects or asks for any port: nobody takes one between its choice and its server's start.
const FIRST: u16 = 10_000;
const COUNT: u16 = 10_000;
// SeaweedFS speaks gRPC 10,000 above each of its ports. These are no ports of this module.
const GRPC: u16 = 10_000;

static GIVEN: AtomicU32 = AtomicU32::new(0);

/// A port of 127.0.0.1 for a server of a test: it is free, and the one for its gRPC too. None is given twice.
///
/// # Panics
/// If none is free.
pub fn free_port() -> u16 {
    // Processes beside each other, whose ids lie close together, begin far from each other.
    let from = u64::from(std::process::id()) * 499;
    loop {
        let number = GIVEN.fetch_add(1, Ordering::Relaxed);
        assert!(number < u32::from(COUNT), "no port is free");
        let along = u16::try_from((from + u64::from(number)) % u64::from(COUNT)).unwrap_or_default();
        let port = FIRST + along;
        if [port, port + GRPC].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
            return port;
        }
    }
}
