//! The suite of drivers over EFS.

use super::Efs;
use crate::engine::drivers::conformance::{Folder, run};

#[test]
fn the_driver_of_folders_conforms() {
    run(|| Folder::new(&Efs, &[]));
}
