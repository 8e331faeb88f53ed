//! A cluster of one's own: made, started and stopped here, reached by its socket alone, and gone with the thread that started it.
//!
//! It is for the demo, and nothing that anybody relies on: whoever can open the socket's folder is let in without a password. The folder
//! is its owner's. A server of PostgreSQL refuses to be root's; started by root it runs as the user `postgres` of the distribution.

use super::address::Address;
use super::programs::{self, Programs};
use super::rows;
use super::server::Session;
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::{Program, Running, User};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The user that clients are.
const USER: &str = "demo";

/// Stands in the name of the socket; nothing listens on any port.
const PORT: u16 = 5432;

/// The longest path of a socket that the system takes.
const LONGEST_SOCKET: usize = 107;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a server may take until it answers, the end of an older one that was killed included.
const START: Duration = Duration::from_secs(60);

/// How long the one before may take to go, between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// Where a cluster is, or can be made.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: Programs,
    owner: Option<User>,
    address: Address,
}

/// A cluster whose server runs. Dropped, it is killed.
pub struct Server<'a> {
    cluster: &'a Cluster,
    running: Running,
    session: Session,
}

/// Why there is no cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unable {
    /// No server of PostgreSQL is installed.
    NotInstalled,
    /// It is, and cannot be used here.
    Refused(String),
}

/// What reaches the cluster in a folder, as `resource add` takes it.
pub fn url_in(folder: &Path) -> String {
    address_in(folder).to_string()
}

fn address_in(folder: &Path) -> Address {
    Address {
        user: USER.to_owned(),
        host: folder.to_string_lossy().into_owned(),
        port: PORT,
        database: "postgres".to_owned(),
        ssl_mode: None,
        ssl_root_certificate: None,
    }
}

impl Cluster {
    /// In a folder that is made when it starts.
    pub fn at(folder: &Path) -> Result<Self, Unable> {
        let made_by = std::fs::read_to_string(folder.join("data/PG_VERSION")).ok();
        let major = made_by.and_then(|text| text.trim().parse::<u32>().ok());
        let installed = programs::installed().unwrap_or_default();
        let mut servers = installed.into_iter().filter(Programs::have_server);
        let programs = servers.rfind(|programs| major.is_none_or(|major| programs.major() == major));
        let Some(programs) = programs else {
            let other = major
                .map(|major| format!("the server of PostgreSQL {major}, which made it, is not installed any more"));
            return Err(other.map_or(Unable::NotInstalled, Unable::Refused));
        };
        let socket = folder.as_os_str().len() + format!("/.s.PGSQL.{PORT}").len();
        if socket > LONGEST_SOCKET {
            let why = format!("the path of its socket would have {socket} bytes, and {LONGEST_SOCKET} are the most");
            return Err(Unable::Refused(why));
        }
        let address = address_in(folder);
        let owner = owner(folder)?;
        Ok(Self { folder: folder.to_owned(), programs, owner, address })
    }

    /// Starts its server, and makes the cluster before where there is none.
    pub fn start(&self, is_stopped: &dyn Fn() -> bool) -> Result<Server<'_>, Fault> {
        let data = self.folder.join("data");
        if !data.join("PG_VERSION").exists() {
            self.make(&data)?;
        }
        let until = Instant::now() + START;
        loop {
            match self.try_start(&data, until, is_stopped) {
                Err(_) if Instant::now() < until && !is_stopped() => std::thread::sleep(PAUSE),
                ended => return ended,
            }
        }
    }

    fn make(&self, data: &Path) -> Result<(), Fault> {
        let failed = |error| Fault::of_io(format_args!("The folder {}", self.folder.display()), &error);
        if let Some(owner) = self.owner {
            chown(&self.folder, Some(owner.uid), Some(owner.gid)).map_err(failed)?;
        }
        // What was not made whole is made again, and gets its name when it is whole.
        let new = self.folder.join("new");
        match std::fs::remove_dir_all(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let program = self.program("initdb")?.arg("-D").arg(&new).arg("-U").arg(USER);
        let program = program.arg("--auth-local=trust").arg("--auth-host=reject").arg("--encoding=UTF8");
        program.arg("--locale=C").run(PATIENCE)?;
        std::fs::rename(&new, data).map_err(failed)
    }

    /// One server; an error when it ends at once, as one does beside what is left of the one before.
    fn try_start(&self, data: &Path, until: Instant, is_stopped: &dyn Fn() -> bool) -> Result<Server<'_>, Fault> {
        let program = self.program("postgres")?.arg("-D").arg(data).arg("-k").arg(&self.folder);
        let port = PORT.to_string();
        let settings = ["listen_addresses=", "shared_buffers=16MB", "max_connections=20", "wal_level=replica"];
        let program =
            settings.iter().fold(program.arg("-p").arg(port), |program, setting| program.arg("-c").arg(setting));
        let running = program.start(PATIENCE)?;
        loop {
            if running.has_ended() {
                let name = self.folder.display();
                return running
                    .finish()
                    .and(Err(Fault::Failed(format!("The PostgreSQL server in {name} ended at once."))));
            }
            match Session::connect(&self.programs, &self.address, None).and_then(|mut session| {
                session.time()?;
                Ok(session)
            }) {
                Ok(session) => return Ok(Server { cluster: self, running, session }),
                Err(fault) if Instant::now() > until || is_stopped() => return Err(fault),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    fn program(&self, name: &str) -> Result<Program, Fault> {
        let program = self.programs.server(name)?;
        Ok(self.owner.into_iter().fold(program, Program::run_by))
    }
}

impl Server<'_> {
    /// Makes the table of a small shop, unless it is there.
    pub fn open_shop(&mut self) -> Result<(), Fault> {
        self.session.ask(rows::SHOP).map(drop)
    }

    /// Sells a few things in it.
    pub fn sell(&mut self) -> Result<(), Fault> {
        self.session.ask(rows::SELL).map(drop)
    }

    /// Stops it as a machine that is shut down does.
    pub fn stop(self) -> Result<(), Fault> {
        self.session.close();
        let program = self.cluster.program("pg_ctl")?.arg("stop").arg("-D").arg(self.cluster.folder.join("data"));
        program.arg("-m").arg("fast").arg("-w").arg("-t").arg("20").run(PATIENCE)?;
        self.running.finish().map(drop)
    }
}

/// As whom a server runs that root starts; nobody else needs another user.
fn owner(folder: &Path) -> Result<Option<User>, Unable> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let owner = User::named("postgres", &users)
        .ok_or_else(|| Unable::Refused("it does not run as root, and there is no user postgres".to_owned()))?;
    let above = folder.parent().unwrap_or(folder);
    let reaches =
        Program::named("test", "coreutils").and_then(|test| test.run_by(owner).arg("-x").arg(above).run(PATIENCE));
    match reaches {
        Ok(_) => Ok(Some(owner)),
        Err(_) => Err(Unable::Refused(format!(
            "it does not run as root, and the user postgres may not enter {}",
            above.display()
        ))),
    }
}
