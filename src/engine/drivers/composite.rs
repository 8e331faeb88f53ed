//! Resources that are made of others: the optional part of a driver that says of which.
//!
//! A backup of one is a parent job. Its children are a job for each of its members that is registered, and one for the resource
//! itself, which its driver's [`source`](crate::engine::drivers::Driver::source) reads as that of any other.

use crate::domain::Arn;
use crate::engine::drivers::{Fault, Registered};
use crate::repository::Control;

/// What a resource is made of.
pub trait Composite: Sync {
    /// What it is made of now. A resource that cannot be backed up as it is gives an error: a stack that is being changed.
    fn members(&self, of: &Registered, stop: &Control) -> Result<Vec<Member>, Fault>;
}

/// A part of a composite resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it is called there: of a stack its logical id.
    pub id: String,
    /// What it is.
    pub what: Part,
}

/// What a part of a composite resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The resource of this ARN.
    Named(Arn),
    /// What a stack made: a driver knows whether that is one of its resources
    /// ([`Driver::is_made`](crate::engine::drivers::Driver::is_made)).
    Made(Made),
    /// Something that is made of others itself and could not be looked into, and why.
    Closed(String),
}

/// What a stack made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What CloudFormation calls its type, as `AWS::DynamoDB::Table`.
    pub kind: String,
    /// What its service calls it: `PhysicalResourceId`.
    pub physical_id: String,
    /// The endpoint of the stack.
    pub endpoint: String,
}

impl Made {
    /// Whether it has the id that an ARN ends with.
    pub(super) fn has_id_of(&self, arn: &Arn) -> bool {
        arn.resource().rsplit([':', '/']).next() == Some(self.physical_id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stack_made_is_known_by_the_end_of_an_arn() {
        let made = |id: &str| Made { kind: String::new(), physical_id: id.to_owned(), endpoint: String::new() };
        let arn = |resource: &str| format!("arn:aws:x:us-east-1:123456789012:{resource}").parse::<Arn>().unwrap();
        assert!(made("fs-1").has_id_of(&arn("file-system/fs-1")) && made("main").has_id_of(&arn("cluster:main")));
        assert!(!made("fs-1").has_id_of(&arn("file-system/fs-12")) && !made("").has_id_of(&arn("file-system/fs-1")));
    }
}
