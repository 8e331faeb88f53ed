//! Everything that the dashboard can be told to do: one closed list that feeds the keys, the palette, the `:` line and the help.

use crate::domain::filter::meant;

/// Writes the enum and its table from one list, so that neither can lack an entry.
macro_rules! commands {
    ($($variant:ident $id:literal [$($key:literal)*] $group:ident $title:literal, $help:literal;)+) => {
        /// A thing to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Command { $(#[doc = $help] $variant),+ }

        /// Every command, in the order in which help and palette show them.
        pub const COMMANDS: &[Info] = &[$(Info {
            command: Command::$variant, id: $id, keys: &[$($key),*], group: Group::$group, title: $title, help: $help,
        }),+];
    };
}

/// What there is to know of a command.
#[derive(Debug, PartialEq, Eq)]
pub struct Info {
    /// The command.
    pub command: Command,
    /// What to type on the `:` line.
    pub id: &'static str,
    /// Its keys; none when it has no key of its own.
    pub keys: &'static [&'static str],
    /// Where help lists it.
    pub group: Group,
    /// What the palette and the menus call it.
    pub title: &'static str,
    /// One sentence on what it does.
    pub help: &'static str,
}

/// The sections of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What changes something.
    Act,
    /// From screen to screen.
    Go,
    /// Within a list.
    Move,
    /// What a list shows.
    Show,
    /// The program itself.
    Program,
}

impl Group {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Act => "Do something",
            Self::Go => "Go somewhere",
            Self::Move => "Move in a list",
            Self::Show => "Change what is shown",
            Self::Program => "vaultdeck",
        }
    }
}

commands! {
    CreateVault "create-vault" [] Act "Create a vault…", "Make a new, empty vault for recovery points.";
    AddResource "add-resource" [] Act "Register a resource…", "Tell the engine of something to protect; its service is asked first.";
    CreatePlan "create-plan" [] Act "Create a backup plan…", "Choose when, what, where to and how long; shown before it is made.";
    StartBackup "start-backup" [] Act "Back up now…", "Start an on-demand backup of a resource.";
    StartCopy "start-copy" [] Act "Copy into another vault…", "Copy a recovery point into another vault, region or account.";
    Restore "restore" [] Act "Restore…", "Restore a whole recovery point or the marked files.";
    TestRestore "test-restore" [] Act "Test a restore…", "Prove that a recovery point can be restored; nothing of it is kept.";
    EditPlan "edit-plan" [] Act "Edit the plan…", "Change a plan's rules and selections; it gets a new version.";
    EditLifecycle "edit-lifecycle" [] Act "Change how long it is kept…", "Change when a recovery point is deleted.";
    AccessPolicy "access-policy" [] Act "Access policy…", "Show and change who may do what to a vault.";
    VaultLock "vault-lock" [] Act "Vault Lock…", "Lock a vault against deletions, or take the lock off.";
    ShareVault "share-vault" [] Act "Sharing…", "Show and change with whom a logically air-gapped vault is shared.";
    Notifications "notifications" [] Act "Notifications…", "Show and change of which events a vault tells a topic of SNS.";
    WhoCan "who-can" [] Act "Who can do what…", "Say for each action on a vault who can do it, and why.";
    Tags "tags" [] Act "Tags…", "Show and change the tags of a vault, plan, recovery point or legal hold.";
    StopJob "stop-job" [] Act "Stop the job…", "Stop a backup job that has not ended yet.";
    Disassociate "disassociate" [] Act "Take out of the composite…", "Take a nested recovery point out of the composite one; it stays, by itself.";
    CreateHold "create-legal-hold" [] Act "Put a legal hold…", "Keep recovery points from being deleted until it is released.";
    CancelHold "release-legal-hold" [] Act "Release the legal hold…", "Let what it holds be deleted again.";
    DeletePoint "delete-recovery-point" [] Act "Delete the recovery point…", "Delete a backup for good.";
    DeletePlan "delete-plan" [] Act "Delete the plan…", "Delete a plan with its selections; its recovery points stay.";
    DeleteVault "delete-vault" [] Act "Delete the vault…", "Delete an empty vault.";

    Overview "overview" ["1"] Go "Overview", "What needs a look now, what runs, what comes next.";
    Vaults "vaults" ["2"] Go "Vaults", "Vaults, their recovery points, and the files in those.";
    Plans "plans" ["3"] Go "Plans", "Backup plans: rules, selections, next runs.";
    Jobs "jobs" ["4"] Go "Jobs", "Backup, copy and restore jobs.";
    BackupJobs "backup-jobs" [] Go "Backup jobs", "The jobs of screen 4 that back up.";
    CopyJobs "copy-jobs" [] Go "Copy jobs", "The jobs of screen 4 that copy.";
    RestoreJobs "restore-jobs" [] Go "Restore jobs", "The jobs of screen 4 that restore.";
    Accounts "accounts" ["5"] Go "Accounts", "The organization's accounts and how they are doing.";
    Resources "resources" ["6"] Go "Resources", "What can be protected, and whether it is.";
    Findings "findings" ["7"] Go "Findings", "Everything that should be looked at, with reasons.";
    Activity "activity" ["8"] Go "Activity", "What this dashboard changed since it started.";
    Points "recovery-points" ["b"] Go "Its recovery points", "The recovery points of the resource that is selected, or whose job or finding is, the newest first.";
    LegalHolds "legal-holds" [] Go "Legal holds", "What keeps recovery points from being deleted.";
    Open "open" ["enter"] Go "Open", "Open what is selected.";
    New "new" ["+"] Go "Something new here…", "Open the form that makes what the open list lists; nothing is made before a yes.";
    Back "back" ["esc" "backspace"] Go "Back", "Close what is open: a dialog, a filter, a detail.";
    HistoryBack "history-back" ["["] Go "Previous screen", "Go to where you were before.";
    HistoryForward "history-forward" ["]"] Go "Next screen", "Undo going back.";
    NextTab "next-tab" ["tab"] Go "Next tab or pane", "Backup, copy and restore jobs; the panes of the overview; the list and the calendar of a resource.";
    PreviousTab "previous-tab" ["shift-tab"] Go "Previous tab or pane", "The same, the other way round.";

    Down "down" ["j" "down"] Move "Down", "One row down.";
    Up "up" ["k" "up"] Move "Up", "One row up.";
    PageDown "page-down" ["ctrl-f" "pagedown"] Move "Page down", "One page down.";
    PageUp "page-up" ["ctrl-b" "pageup"] Move "Page up", "One page up.";
    HalfDown "half-page-down" ["ctrl-d"] Move "Half a page down", "Half a page down.";
    HalfUp "half-page-up" ["ctrl-u"] Move "Half a page up", "Half a page up.";
    Top "top" ["g" "home"] Move "First row", "To the first row.";
    Bottom "bottom" ["G" "end"] Move "Last row", "To the last row.";
    Left "left" ["h" "left"] Move "Left", "The day before, in the days of the overview and on a calendar; elsewhere back.";
    Right "right" ["l" "right"] Move "Right", "The day after, in the days of the overview and on a calendar; elsewhere open.";
    Mark "mark" ["space"] Move "Mark", "Mark or unmark a row: files to restore, rows that something is done to at once.";
    MarkShown "mark-shown" ["*"] Move "Mark all that are shown", "Mark all rows that the filter shows; again unmarks them.";
    ClearMarks "clear-marks" [] Move "Unmark all", "Take all marks away.";

    Filter "filter" ["/"] Show "Filter", "Show only rows that pass: words, !words, ~fuzzy, state:failed, age<2h; tab completes.";
    Failures "failures" ["f"] Show "Only problems", "Show only what failed, expired or has issues; again shows all.";
    SortNext "sort" ["s"] Show "Sort by the next column", "Sort by the next column.";
    SortReverse "reverse" ["S"] Show "Reverse the order", "Sort the other way round.";
    SortBy "sort-by" [] Show "Sort by…", "Sort by one or two columns, with a minus the other way round: sort-by state -created.";
    Columns "columns" [] Show "Choose columns…", "Choose which columns stand in the list, and in what order; all again with none.";
    Views "views" ["v"] Show "Saved views…", "Show a list as it was saved under a name; :NAME does the same.";
    SaveView "save-view" [] Show "Save this view…", "Save the list with its filter, order and columns under a name.";
    ForgetView "forget-view" [] Show "Forget a saved view…", "Forget what was saved under a name.";
    Export "export" ["e"] Show "Export what is seen…", "Copy the rows that are seen as csv, json or markdown, or write them to a file: export csv FILE.";
    Scopes "scopes" ["@"] Show "Choose account and region…", "Show one account and region, or all.";
    DetailPane "detail-pane" ["d"] Show "Detail beside the list", "Show the selected row's detail beside the list, or put it away; there is room from 120 columns on.";
    PaneWider "wider" [">"] Show "Detail wider", "Make the detail beside the list wider, as a drag of the line between them does.";
    PaneNarrower "narrower" ["<"] Show "Detail narrower", "Make it narrower.";
    DetailFull "detail" ["D"] Show "Detail in full", "Show all of the selected row's detail, to scroll in, at any width; again or esc closes it.";
    Theme "theme" [] Show "Theme…", "Choose how it looks, from a list or by name: theme nord.";
    Turn "turn" ["t"] Show "Turn the days", "The days of resources, of accounts, or of plans, on the overview.";
    ShowUnprotected "show-unprotected" ["P"] Show "What is not protected", "The resources whose newest backup is older than their plans promise.";
    ShowFailed "show-failed" ["F"] Show "What failed in 24 h", "The backup jobs of the last day that failed.";
    ShowExpired "show-expired" ["X"] Show "What expired in 24 h", "The backup jobs of the last day that missed their windows.";
    ShowMissing "show-missing" ["M"] Show "What is missing in 24 h", "The resources with a run in the last day of which no job came.";
    ShowRunning "show-running" ["R"] Show "What runs", "The backup jobs that wait or run.";
    ShowUnproven "show-unproven" ["U"] Show "What was never proven", "The resources that no restore test has proven of late.";
    Compare "compare" ["c"] Show "What changed", "What is different in the selected recovery point from the one before it, or between two marked ones; what was removed can be restored.";
    Find "find" ["w"] Show "Where is it…", "Find a file by its name in all recovery points of what is selected, with which hold which version.";
    Mute "mute" ["m"] Show "Mute the finding…", "Let a finding, or the marked ones, be quiet until a time, with a note; again lets them speak.";
    Refresh "refresh" ["r"] Show "Refresh", "Ask for everything on this screen again, now.";
    Pause "pause" ["p"] Show "Pause refreshing", "Stop asking by itself; again goes on.";
    CopyId "copy-id" ["y"] Show "Copy the id", "Copy the id or name to your clipboard (OSC 52, works over SSH).";
    CopyArn "copy-arn" ["Y"] Show "Copy the ARN", "Copy the whole ARN to your clipboard.";

    Actions "actions" ["a"] Program "Actions…", "What can be done with what is selected, or with all that is marked; what cannot says why.";
    Palette "palette" ["ctrl-p"] Program "Find a command…", "Find any command by a few of its letters.";
    CommandLine "command" [":"] Program "Command line", "Type a command's name; behind one that opens a list its filter, and @ with an account or region.";
    Help "help" ["?" "F1"] Program "Help", "This list; type to search, enter to run. On a finding its rule and what to do come first.";
    Mouse "mouse" [] Program "Mouse on or off", "Let clicks and the wheel be the dashboard's, or the terminal's.";
    Redraw "redraw" ["ctrl-l"] Program "Draw all again", "For a terminal that something else wrote to.";
    Suspend "suspend" ["ctrl-z"] Program "Suspend", "Back to the shell; fg returns.";
    Quit "quit" ["q" "ctrl-c"] Program "Quit", "Leave; asks when jobs run in this process.";
}

/// What else commands may be called on the `:` line.
const ALIASES: &[(&str, &str)] = &[
    ("q", "quit"),
    ("q!", "quit"),
    ("wq", "quit"),
    ("x", "quit"),
    ("exit", "quit"),
    ("points", "vaults"),
    ("h", "help"),
    ("resource add", "add-resource"),
];

impl Command {
    /// What there is to know of it.
    pub fn info(self) -> &'static Info {
        &COMMANDS[self as usize]
    }

    /// The command of an id.
    pub fn of_id(id: &str) -> Option<Self> {
        COMMANDS.iter().find(|info| info.id == id).map(|info| info.command)
    }

    /// What it needs to be told on the `:` line, for those that do.
    pub fn is_told(self) -> bool {
        matches!(self, Self::SortBy | Self::Columns | Self::SaveView | Self::ForgetView | Self::Export)
    }

    /// The command that a user typed on the `:` line: its id, or the start of exactly one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let short = ALIASES.iter().find(|(alias, _)| *alias == text).map_or(text, |(_, id)| *id);
        if let Some(command) = Self::of_id(short) {
            return Ok(command);
        }
        let found: Vec<&Info> =
            COMMANDS.iter().filter(|info| !short.is_empty() && info.id.starts_with(short)).collect();
        match found.as_slice() {
            [one] => Ok(one.command),
            [] => {
                let near = meant(short, COMMANDS.iter().map(|info| info.id));
                Err(format!("there is no command {text:?}{near}: the help lists them all"))
            }
            many => {
                let names: Vec<&str> = many.iter().map(|info| info.id).collect();
                Err(format!("{text:?} could be {}", names.join(", ")))
            }
        }
    }

    /// Whether a name means a command already where it is typed as the first word of the `:` line.
    pub fn has_name(name: &str) -> bool {
        let begins = |alias: &str| alias.split_whitespace().next() == Some(name);
        Self::parse(name).is_ok() || ALIASES.iter().any(|(alias, _)| begins(alias))
    }

    /// Whether it does something with the row that is selected or with those that are shown: then it must be certain which
    /// they are.
    pub fn takes_row(self) -> bool {
        let own = [
            Self::Open,
            Self::Right,
            Self::Mark,
            Self::MarkShown,
            Self::New,
            Self::Actions,
            Self::Palette,
            Self::Help,
            Self::Points,
            Self::Compare,
            Self::Find,
            Self::Mute,
            Self::Export,
            Self::DetailFull,
            Self::CopyId,
            Self::CopyArn,
        ];
        self.acts() || own.contains(&self)
    }

    /// Whether it leads to a change of something outside; such commands never have a key of their own.
    pub fn acts(self) -> bool {
        self.info().group == Group::Act
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_enums_order() {
        for (index, info) in COMMANDS.iter().enumerate() {
            assert_eq!(info.command as usize, index, "{}", info.id);
            assert!(!info.title.is_empty() && info.help.ends_with('.'), "{}", info.id);
        }
    }

    #[test]
    fn nothing_that_changes_something_has_a_key() {
        for info in COMMANDS {
            assert!(!info.command.acts() || info.keys.is_empty(), "{} is one key away", info.id);
        }
    }

    #[test]
    fn ids_are_unique_and_starts_of_them_are_enough() {
        let ids: std::collections::BTreeSet<&str> = COMMANDS.iter().map(|info| info.id).collect();
        assert_eq!(ids.len(), COMMANDS.len());
        assert_eq!(Command::parse("res").unwrap_err(), "\"res\" could be restore, restore-jobs, resources");
        assert_eq!(Command::parse("resta"), Err("there is no command \"resta\": the help lists them all".to_owned()));
        assert_eq!(
            Command::parse("themes"),
            Err("there is no command \"themes\" (theme?): the help lists them all".to_owned())
        );
        assert_eq!(Command::parse("create-v"), Ok(Command::CreateVault));
        assert_eq!(Command::parse("q"), Ok(Command::Quit));
    }
}
