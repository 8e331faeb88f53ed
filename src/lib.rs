//! vaultdeck: the terminal dashboard for AWS Backup, and an AWS Backup you can run yourself.
//!
//! This page is the architecture. It says what the rooms are, who may know whom, and the few decisions that everything
//! else rests on; each module says the rest itself.
//!
//! # The seam
//!
//! vaultdeck is two things that meet at one seam: the AWS Backup API. The **dashboard** ([`tui`] on [`client`]) only ever
//! speaks through the AWS SDK for Rust. The **engine** ([`engine`] behind [`server`]) only ever answers the AWS wire
//! protocols. So the same dashboard, on the same code path, works on
//!
//! | where | how it is chosen |
//! | --- | --- |
//! | the embedded engine, in the same process | `vaultdeck` |
//! | an engine elsewhere | `vaultdeck --endpoint-url http://127.0.0.1:9860` |
//! | AWS | `vaultdeck --profile prod --region eu-central-1,us-east-1` |
//! | a named context of the config file | `vaultdeck --context prod` |
//!
//! In the embedded case nothing listens on a port: the SDK's HTTP client is replaced by one that calls the engine's
//! router. A live engine also opens a Unix socket in its data directory; another `vaultdeck` on that directory connects to
//! it instead of opening a second engine. What an engine needs beyond AWS's API (which files a recovery point holds,
//! registering resources, accounts, roles, keys) is a small extension under `/_vaultdeck/`: [`domain::extension`].
//!
//! # The rooms
//!
//! ```text
//! cli        → config, demo, tui, client, server, engine, domain    one file per subcommand; composes all the rest
//! demo       → engine, client, domain                               the sample organization, made by the real engine
//! tui        → client, domain                                       the dashboard: app, screens, dialogs, terminal
//! client     → config, domain                                       the AWS SDK on the dashboard's side
//! server     → engine, domain                                       the wire protocols in front of the engine
//! engine     → storage, repository, domain                          the backup service
//! storage    → repository                                           where vaults lie, and what is put around a place
//! repository → nothing                                              the storage format
//! config     → nothing                                              the config file as plain structs
//! domain     → nothing                                              what things are, and the rules that they obey
//! ```
//!
//! `tests/layout/` reads every path in `src/` and fails when one crosses these lines. Both sides use [`domain`]: the
//! engine runs schedules, selections and lifecycles with the same functions with which the dashboard previews them.
//! [`repository`] knows nothing of AWS; it could be a crate of its own. Names are AWS Backup's where AWS has one, restic's
//! inside [`repository`], and the terminal world's in [`tui`].
//!
//! # What lies on disk
//!
//! A vault's data is a restic repository of version 2, in `vaults/ACCOUNT/REGION/NAME` of the data directory; with its
//! recovery key plain `restic` reads it. What exists (vaults, plans, jobs, recovery points, accounts) is in one SQLite
//! file, [`engine::catalog`]; only that and the `rows` of the engine's rooms know SQL. [`engine::data_dir`] has the whole
//! layout.
//!
//! A backup commits in one order: packs, then the index, then the snapshot and the recovery point's manifest, then one
//! catalog transaction; what jobs store at the same time goes through it together ([`engine::jobs::group`]). A crash
//! anywhere leaves the last state whole, and the next start runs the job again. *Acknowledged*
//! means that an answer of the API has shown the recovery point `COMPLETED`; such a point is never lost. A pack is deleted
//! only when the catalog's table of references and a mark over all snapshots both say that nothing needs it.
//!
//! # Time
//!
//! The engine has one clock, [`engine::clock`]: the system's, or a simulated one that moves only when it is told to and
//! runs whatever falls due on the way. Schedules, lifecycles, and every time in the API are *engine time*. Signatures, the
//! HTTP `Date`, restic's locks and the source's own times are *wall time*.
//!
//! # Changing things
//!
//! The dashboard and the command line change nothing by themselves. A change is first pending, with its exact request, its
//! `aws` command line and its danger; only an approved one can be sent, and the audit log has a line on disk before the
//! request leaves (on a full disk: in room taken ahead, or it waits): [`client::change`], [`client::approve`], [`client::audit`].
//!
//! # Who may
//!
//! The engine changes nothing that a caller can ask for, or must not lose, without a permit, and one function gives them:
//! [`engine::authorize`]. It is asked in the transaction that makes the change, by calls and by the engine's own doings alike.
//! A new action is one line there. A ring of roots, [`engine::keys`], kept by a file, a passphrase or AWS KMS, wraps the keys of the vaults, the
//! secrets of access keys and resources, and the KMS keys that customers make, under which a vault may be made instead
//! ([`engine::kms`] has what becomes of it when that key cannot be used).
//!
//! # To add something
//!
//! In this order; the number is that of the files. Each kind of thing has one list, and what follows from it asks there.
//!
//! | what | files |
//! | --- | --- |
//! | a type of resource (4) | its facts: `domain/types/x.rs`, a line in `domain/types/mod.rs`; its driver: `engine/drivers/x.rs` or a folder, a line in `engine/drivers/mod.rs`. `engine/drivers/conformance/memory.rs` is the smallest driver, and its suite judges each. Supported types, opt-in, `resource add`, the restore form, what can be stopped or go cold follow |
//! | an operation (5) | its row in `server/backup/operations.rs` and in `tests/server/operations.txt`; its handler beside its like in `server/backup/`; the rule and its request in `ops.rs` of its room in `engine/`; the SQL in that room's `rows`. One that changes something, or names a vault or a recovery point: also a line in `engine/authorize/action.rs` |
//! | a kind of job (8) | its record and the ways of its states in `domain/job.rs`; a migration in `engine/catalog/migrations/` and its line; `engine/jobs/x/{mod,rows,run,ops}.rs`; two lines in `engine/jobs/mod.rs`. Queue, threads, commits, windows, stops, lists, what deletions wait for, collections and the removal of old records follow |
//! | a place for vaults (2) | `storage/x.rs`: a `Storage` and the `Places` of it; where `engine/vaults/store.rs` makes its places. A row in `tests/repository/conformance/` judges it |
//! | a root of keys (4) | its lock: `engine/keys/root/x.rs`, its variants in `engine/keys/root/{mod,keeper}.rs`; what opens it: `cli/keeper.rs` |
//! | a change, for dashboard and command line (2) | `client/change/x.rs`, two lines in `client/change/mod.rs` |
//! | a form that proposes it (4) | `tui/dialogs/x.rs`; a line in `tui/dialog.rs`, in `tui/dialogs/mod.rs`, and in `tui/actions.rs` |
//! | a list screen (4) | `tui/screens/x.rs`, some 60 lines; its lines in `tui/screens/mod.rs`, `tui/route.rs`, `tui/command.rs` |
//! | a column (2) | a line in `client/attributes/`, and one wherever it is shown |
//! | a theme (2) | `themes/x.toml`, a line in `tui/theme.rs` |
//!
//! # Threads
//!
//! [`domain`], [`repository`] and [`engine`] are synchronous, with threads of their own where work is parallel; [`server`]
//! and [`client`] run on tokio and call the engine on blocking threads. The app in [`tui`] is a function from messages to
//! effects: the same messages give the same frames.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod repository;
pub mod server;
pub mod storage;
pub mod tui;
