//! The log of the stores that live in memory, which can be followed, lost, and be out of reach.

use super::memory::Store;
use crate::domain::{PointDetails, Time};
use crate::engine::drivers::{Broken, Continuous, Fault, FollowCx, Follower, LogFile, Mark, Progress, Registered};
use crate::repository::Control;
use std::path::{Path, PathBuf};

impl Continuous for Store {
    fn hold(&self, _: &Registered, name: &str) -> Result<(), Fault> {
        self.0.lock().holds.insert(name.to_owned());
        Ok(())
    }

    fn release(&self, _: &Registered, name: &str) -> Result<(), Fault> {
        let mut state = self.0.lock();
        if let Some(Broken::For(fault)) = &state.unfollowed {
            return Err(fault.clone());
        }
        state.holds.remove(name);
        Ok(())
    }

    fn behind(&self, base: &PointDetails) -> Result<Mark, Fault> {
        let end = base.get("End").and_then(|end| end.parse::<usize>().ok());
        end.map(|end| Mark::of(&end)).ok_or_else(|| Fault::Failed("It does not say where it ends.".to_owned()))
    }

    fn log_folder(&self) -> &'static str {
        "log"
    }

    fn follow(&self, cx: &FollowCx<'_>) -> Result<Box<dyn Follower>, Broken> {
        if !self.0.lock().holds.contains(cx.hold) {
            return Err(Broken::Gap("the service does not keep its log".to_owned()));
        }
        std::fs::create_dir_all(cx.spool).map_err(|e| Fault::of_io("The folder of the log", &e))?;
        let stored = cx.log.read().ok_or_else(|| Fault::Failed("It is not known where the log goes on.".to_owned()))?;
        Ok(Box::new(Following { store: self.clone(), spool: cx.spool.to_owned(), stored }))
    }
}

struct Following {
    store: Store,
    spool: PathBuf,
    stored: usize,
}

impl Follower for Following {
    fn look(&mut self, _: &Control) -> Result<Progress, Broken> {
        let state = self.store.0.lock();
        if let Some(why) = &state.unfollowed {
            return Err(why.clone());
        }
        let came = &state.log[self.stored..];
        let time = |second| Time::from_timestamp(second, 0);
        let files = if came.is_empty() { Vec::new() } else { vec![self.file(came)?] };
        Ok(Progress {
            files,
            log: Mark::of(&state.log.len()),
            latest: time(state.second),
            newest_change: came.last().and_then(|(second, ..)| time(*second)),
        })
    }

    fn kept(&mut self, progress: &Progress) {
        self.stored = progress.log.read().unwrap();
    }
}

impl Following {
    fn file(&self, came: &[super::memory::Entry]) -> Result<LogFile, Fault> {
        let name = format!("{:012}", self.stored);
        let from = self.spool.join(Path::new(&name));
        let content = serde_json::to_vec(came).unwrap();
        std::fs::write(&from, &content).map_err(|e| Fault::of_io("The log", &e))?;
        let size = content.len() as u64;
        Ok(LogFile { name, from, length: size, size })
    }
}
