//! The handshake: what client and server can both do, and the export.

use super::session::{LONGEST, Session, Trouble, Wanted};
use super::wire;
use crate::engine::drivers::Fault;
use std::io::{self, Write as _};

/// The context that tells what is zeros.
const ALLOCATION: &str = "base:allocation";

impl Session {
    /// Agrees with the server on structured answers and what is known of ranges, and opens the export.
    pub(super) fn shake_hands(&mut self, wanted: &Wanted<'_>) -> Result<(), Trouble> {
        if wire::u64_of(&mut self.stream)? != wire::GREETING || wire::u64_of(&mut self.stream)? != wire::OPTION {
            return Err(wire::broken("it greets otherwise").into());
        }
        let flags = wire::u16_of(&mut self.stream)?;
        if flags & wire::FIXED_NEWSTYLE == 0 {
            return Err(wire::broken("its handshake is an older one").into());
        }
        let ours = u32::from(flags & (wire::FIXED_NEWSTYLE | wire::NO_ZEROES));
        self.stream.write_all(&ours.to_be_bytes())?;
        self.ask(wire::OPTION_STRUCTURED, &[])?;
        self.is_structured = self.agreed(wire::OPTION_STRUCTURED, |_, _| Ok(()))?;
        if self.is_structured {
            self.agree_on_contexts(wanted)?;
        }
        let mut asked = Vec::new();
        wire::put_text(&mut asked, wanted.export);
        asked.extend(0_u16.to_be_bytes());
        self.ask(wire::OPTION_GO, &asked)?;
        let mut told = None;
        let went = self.agreed(wire::OPTION_GO, |kind, mut answer| {
            if kind == wire::ANSWER_INFO && wire::u16_of(&mut answer)? == wire::INFO_EXPORT {
                told = Some((wire::u64_of(&mut answer)?, wire::u16_of(&mut answer)?));
            }
            Ok(())
        })?;
        let (true, Some((size, flags))) = (went, told) else {
            return Err(wire::broken("it lets nobody have the export and does not say why").into());
        };
        (self.export.size, self.export.is_read_only) = (size, flags & wire::READ_ONLY != 0);
        Ok(())
    }

    /// Asks for what is known of ranges.
    fn agree_on_contexts(&mut self, wanted: &Wanted<'_>) -> Result<(), Trouble> {
        let bitmap = wanted.bitmap.map(|name| format!("qemu:dirty-bitmap:{name}"));
        let contexts: Vec<&str> = std::iter::once(ALLOCATION).chain(bitmap.as_deref()).collect();
        let mut asked = Vec::new();
        wire::put_text(&mut asked, wanted.export);
        asked.extend((contexts.len() as u32).to_be_bytes());
        for name in &contexts {
            wire::put_text(&mut asked, name);
        }
        self.ask(wire::OPTION_CONTEXTS, &asked)?;
        let mut found = Vec::new();
        self.agreed(wire::OPTION_CONTEXTS, |kind, mut answer| {
            if kind == wire::ANSWER_CONTEXT {
                found.push((wire::u32_of(&mut answer)?, answer.to_vec()));
            }
            Ok(())
        })?;
        let number = |name: &str| found.iter().find(|(_, found)| found == name.as_bytes()).map(|(number, _)| *number);
        (self.allocation, self.bitmap) = (number(ALLOCATION), bitmap.as_deref().and_then(number));
        (self.export.has_allocation, self.export.has_bitmap) = (self.allocation.is_some(), self.bitmap.is_some());
        Ok(())
    }

    fn ask(&mut self, option: u32, data: &[u8]) -> io::Result<()> {
        let mut message = wire::OPTION.to_be_bytes().to_vec();
        message.extend(option.to_be_bytes());
        message.extend((data.len() as u32).to_be_bytes());
        message.extend(data);
        self.stream.write_all(&message)
    }

    /// Reads the answers to an option until it is agreed on; `false` where the server does not know the option.
    fn agreed(&mut self, option: u32, mut take: impl FnMut(u32, &[u8]) -> io::Result<()>) -> Result<bool, Trouble> {
        loop {
            let from = &mut self.stream;
            if wire::u64_of(from)? != wire::OPTION_ANSWER || wire::u32_of(from)? != option {
                return Err(wire::broken("it answers something else than it was asked").into());
            }
            let (kind, length) = (wire::u32_of(from)?, wire::u32_of(from)?);
            let answer = wire::bytes_of(from, length, LONGEST)?;
            match kind {
                wire::ANSWER_ACK => return Ok(true),
                wire::ERROR_UNSUPPORTED if option != wire::OPTION_GO => return Ok(false),
                kind if kind & wire::ANSWER_ERROR != 0 => {
                    // So that the server knows that nobody comes any more.
                    let _ = self.ask(wire::OPTION_ABORT, &[]);
                    return Err(Trouble::Fault(self.refused(kind, &answer)));
                }
                kind => take(kind, &answer)?,
            }
        }
    }

    /// Why the server refuses the export.
    fn refused(&self, kind: u32, why: &[u8]) -> Fault {
        let why = String::from_utf8_lossy(why).chars().filter(|c| !c.is_control()).take(200).collect::<String>();
        let shown = &self.shown;
        match kind {
            wire::ERROR_UNKNOWN => Fault::Gone(format!("{shown} does not exist: {why}")),
            wire::ERROR_POLICY => Fault::Denied(format!("{shown} is not for everybody: {why}")),
            wire::ERROR_TLS => Fault::Unsupported {
                found: format!("{shown}, which is given out by TLS only,"),
                needs: "a server without TLS, on this machine or at the other end of a tunnel,".to_owned(),
            },
            wire::ERROR_SHUTDOWN => self.goes_down(),
            _ => Fault::Failed(format!("{shown} is refused: {why} ({kind:#x})")),
        }
    }
}
