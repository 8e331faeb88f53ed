//! What a context can do. What it cannot is shown disabled, with the reason.

/// What is known of a context's abilities. It changes when the first answer shows whether an engine is behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The version of the engine behind the context; none for AWS and while nothing answered yet.
    pub engine: Option<String>,
    /// Whether the engine's own routes (resources, roles, checks) can be reached: in process and on the socket.
    pub control: bool,
    /// Whether mutations may be made.
    pub write: bool,
}

/// Something that not every context can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Any mutation.
    Write,
    /// Registering what can be protected.
    Resources,
    /// Looking into a recovery point.
    Items,
    /// The feed of events.
    Events,
    /// Cold storage.
    ColdStorage,
    /// Continuous backup and point-in-time restore.
    ContinuousBackup,
    /// The engine's own status: its clock, its address, its reminders.
    Status,
    /// What is wrong with the engine itself.
    Health,
}

impl Capabilities {
    /// Whether the context has `feature`; the error says, for the user, why not.
    pub fn allows(&self, feature: Feature) -> Result<(), &'static str> {
        let engine = self.engine.is_some();
        match feature {
            Feature::Write if !self.write => Err(crate::config::advice::WRITE),
            Feature::Resources if !engine => {
                Err("AWS Backup protects what AWS has; only an engine takes other resources")
            }
            Feature::Resources if !self.control => {
                Err("an engine takes resources on its own machine alone: vaultdeck resource add there")
            }
            Feature::Items if !engine => {
                Err("AWS Backup does not tell what a recovery point holds; vaultdeck's engine does")
            }
            Feature::Events if !engine => Err("AWS sends its events to EventBridge, and no call reads them there"),
            Feature::Status if !self.control => Err("only known of an engine in this process or on its socket"),
            Feature::Health if !engine => Err("only an engine tells how it is"),
            _ => Ok(()),
        }
    }
}
