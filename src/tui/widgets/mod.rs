//! Parts that dialogs are made of.

pub mod edit;
pub mod form;
pub mod picker;
pub mod secret;
