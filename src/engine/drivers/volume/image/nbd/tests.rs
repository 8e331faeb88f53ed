//! What becomes of answers that no real server gives: each is a script that is sent whole, whatever is asked.

use super::{NbdImage, Url, wire};
use crate::engine::drivers::Fault;
use crate::engine::drivers::volume::image::{Extent, Image as _};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// What a server sends.
#[derive(Default)]
struct Script(Vec<u8>);

impl Script {
    fn greeting(flags: u16) -> Self {
        Self::default().put(wire::GREETING.to_be_bytes()).put(wire::OPTION.to_be_bytes()).put(flags.to_be_bytes())
    }

    /// A handshake for an export of this size, with structured answers and what is zeros and dirty.
    fn export(size: u64) -> Self {
        let context = |number: u32, name: &str| [&number.to_be_bytes()[..], name.as_bytes()].concat();
        Self::greeting(wire::FIXED_NEWSTYLE | wire::NO_ZEROES)
            .answer(wire::OPTION_STRUCTURED, wire::ANSWER_ACK, &[])
            .answer(wire::OPTION_CONTEXTS, wire::ANSWER_CONTEXT, &context(7, "base:allocation"))
            .answer(wire::OPTION_CONTEXTS, wire::ANSWER_CONTEXT, &context(9, "qemu:dirty-bitmap:b"))
            .answer(wire::OPTION_CONTEXTS, wire::ANSWER_ACK, &[])
            .told(size)
    }

    /// The same of a server that knows nothing but reading.
    fn simple(size: u64) -> Self {
        Self::greeting(wire::FIXED_NEWSTYLE)
            .answer(wire::OPTION_STRUCTURED, wire::ERROR_UNSUPPORTED, b"what?")
            .told(size)
    }

    fn told(self, size: u64) -> Self {
        let info = [&wire::INFO_EXPORT.to_be_bytes()[..], &size.to_be_bytes(), &(1 | wire::READ_ONLY).to_be_bytes()];
        self.answer(wire::OPTION_GO, wire::ANSWER_INFO, &info.concat()).answer(wire::OPTION_GO, wire::ANSWER_ACK, &[])
    }

    fn put(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend(bytes.as_ref());
        self
    }

    fn answer(self, option: u32, kind: u32, data: &[u8]) -> Self {
        self.put(wire::OPTION_ANSWER.to_be_bytes())
            .put(option.to_be_bytes())
            .put(kind.to_be_bytes())
            .put((data.len() as u32).to_be_bytes())
            .put(data)
    }

    fn part(self, flags: u16, kind: u16, cookie: u64, data: &[u8]) -> Self {
        self.put(wire::STRUCTURED.to_be_bytes())
            .put(flags.to_be_bytes())
            .put(kind.to_be_bytes())
            .put(cookie.to_be_bytes())
            .put((data.len() as u32).to_be_bytes())
            .put(data)
    }

    /// What is known of ranges: of the dirty bitmap too, whose bits are all clear but those of the first extent.
    fn status(self, cookie: u64, allocation: &[(u32, u32)], dirty: &[(u32, u32)]) -> Self {
        let told = |context: u32, extents: &[(u32, u32)]| {
            let pairs = extents.iter().flat_map(|(length, flags)| [length.to_be_bytes(), flags.to_be_bytes()].concat());
            context.to_be_bytes().into_iter().chain(pairs).collect::<Vec<u8>>()
        };
        self.part(0, wire::PART_STATUS, cookie, &told(9, dirty)).part(
            wire::LAST_PART,
            wire::PART_STATUS,
            cookie,
            &told(7, allocation),
        )
    }

    /// Opens the export of a server that sends this and hangs up when nobody asks any more.
    fn open(self) -> Result<NbdImage, Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&self.0).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        });
        NbdImage::open(&Url::parse(&format!("nbd://127.0.0.1:{port}/disk?bitmap=b")).unwrap())
    }
}

/// A place, and so many bytes or zeros there.
fn data(at: u64, bytes: &[u8]) -> Vec<u8> {
    [&at.to_be_bytes()[..], bytes].concat()
}

const MIB: u32 = 1 << 20;

#[test]
fn parts_come_in_any_order_and_what_is_zeros_or_dirty_is_known() {
    let script = Script::export(u64::from(2 * MIB))
        .status(1, &[(MIB, 0)], &[(65_536, wire::DIRTY), (2 * MIB - 65_536, 0)])
        .status(2, &[(MIB, 0), (4 * MIB, wire::ZERO | 1)], &[(2 * MIB, 0)])
        .part(0, wire::PART_HOLE, 3, &data(104, &3_u32.to_be_bytes()))
        .part(0, wire::PART_DATA, 3, &data(107, b"xyz"))
        .part(0, wire::PART_DATA, 3, &data(100, b"abcd"))
        .part(wire::LAST_PART, wire::PART_NONE, 3, &[]);
    let image = script.open().unwrap();
    assert_eq!(image.size(), u64::from(2 * MIB));
    let dirty = image.dirty().unwrap();
    assert_eq!((dirty.name.as_str(), dirty.pieces.count(), dirty.pieces.has(0)), ("b", 1, true));
    let half = u64::from(MIB);
    let extents = image.extents(0..2 * half).unwrap();
    assert_eq!(extents, [Extent { length: half, is_zero: false }, Extent { length: half, is_zero: true }]);
    let mut buffer = [9; 10];
    image.read_at(&mut buffer, 100).unwrap();
    assert_eq!(&buffer, b"abcd\0\0\0xyz");
    assert_eq!(image.finish().unwrap(), None);
}

#[test]
fn a_server_that_only_reads_is_read() {
    let simple = |cookie: u64| [&wire::SIMPLE.to_be_bytes()[..], &0_u32.to_be_bytes(), &cookie.to_be_bytes()].concat();
    let image = Script::simple(100).put(simple(1)).put(b"0123456789").open().unwrap();
    assert!(image.dirty().is_none());
    assert_eq!(image.extents(0..100).unwrap(), [Extent { length: 100, is_zero: false }]);
    let mut buffer = [0; 10];
    image.read_at(&mut buffer, 5).unwrap();
    assert_eq!(&buffer, b"0123456789");
}

/// An export of ten bytes, none of them dirty, and the answer to the reading of all of it.
fn read(answer: impl FnOnce(Script) -> Script) -> Fault {
    let image = answer(Script::export(10).status(1, &[(10, 0)], &[(10, 0)])).open().unwrap();
    image.read_at(&mut [0; 10], 0).unwrap_err()
}

#[test]
fn an_answer_that_lies_is_not_believed() {
    let last = wire::LAST_PART;
    let lies: [(&str, Fault); 7] = [
        ("another request", read(|script| script.part(last, wire::PART_DATA, 9, &data(0, b"0123456789")))),
        ("not asked for", read(|script| script.part(last, wire::PART_DATA, 2, &data(5, b"0123456789")))),
        ("not asked for", read(|script| script.part(last, wire::PART_HOLE, 2, &data(1 << 40, &9_u32.to_be_bytes())))),
        ("less than was asked", read(|script| script.part(last, wire::PART_DATA, 2, &data(0, b"012345678")))),
        ("something else", read(|script| script.part(last, wire::PART_STATUS, 2, &data(0, b"")))),
        ("not asked", read(|script| script.put([0; 30]))),
        ("it hung up", {
            read(|script| {
                let mut script = script.part(last, wire::PART_DATA, 2, &data(0, b"0123456789"));
                script.0.truncate(script.0.len() - 3);
                script
            })
        }),
    ];
    for (told, fault) in lies {
        assert!(fault.to_string().contains(told), "{told}: {fault}");
    }
}

#[test]
fn an_error_is_told_with_its_place_and_a_server_that_goes_is_waited_for() {
    let error = |number: u32, words: &str| {
        [&number.to_be_bytes()[..], &(words.len() as u16).to_be_bytes(), words.as_bytes()].concat()
    };
    let broken = read(|script| script.part(wire::LAST_PART, wire::PART_ERROR | 1, 2, &error(5, "bad\u{1b} sector")));
    assert!(
        matches!(&broken, Fault::Failed(why) if why.contains("at byte 0") && why.contains("bad sector")),
        "{broken}"
    );
    for fault in [
        read(|script| script.part(wire::LAST_PART, wire::PART_ERROR | 1, 2, &error(wire::SHUTDOWN, ""))),
        read(|script| script),
    ] {
        assert!(matches!(fault, Fault::Temporary { .. }), "{fault:?}");
    }
}

#[test]
fn what_is_no_such_server_or_refuses_is_told_by_what_it_is() {
    let refused = |kind: u32| Script::greeting(3).answer(wire::OPTION_STRUCTURED, kind, b"no").open().err().unwrap();
    assert!(matches!(refused(wire::ERROR_TLS), Fault::Unsupported { .. }));
    assert!(matches!(refused(wire::ERROR_POLICY), Fault::Denied(_)));
    assert!(matches!(refused(wire::ERROR_UNKNOWN), Fault::Gone(_)));
    assert!(matches!(refused(wire::ERROR_SHUTDOWN), Fault::Temporary { .. }));
    let old = Script::default().put(wire::GREETING.to_be_bytes()).put([0; 144]);
    for script in [Script::default().put([b'x'; 40]), old, Script::greeting(0)] {
        let fault = script.open().err().unwrap();
        assert!(matches!(&fault, Fault::Unsupported { .. }), "{fault:?}");
    }
    let huge = Script::greeting(3).put(wire::OPTION_ANSWER.to_be_bytes()).put(wire::OPTION_STRUCTURED.to_be_bytes());
    let huge = huge.put(wire::ANSWER_ACK.to_be_bytes()).put(u32::MAX.to_be_bytes()).open().err().unwrap();
    assert!(huge.to_string().contains("more than was asked for"), "{huge}");
    let silent = Script::default().open().err().unwrap();
    assert!(matches!(&silent, Fault::Temporary { why, .. } if why.contains("hung up")), "{silent:?}");
}
