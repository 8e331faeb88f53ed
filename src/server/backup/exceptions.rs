//! A refusal uses an exception that AWS's model lists for the operation.
//!
//! Clients catch what the model lists. The engine says what is wrong in its own terms, the same for every operation; here
//! that becomes the nearest exception of the one that was called. Exceptions that no operation lists (AWS's common errors:
//! access, signatures, bodies that cannot be read) pass as they are.

use crate::server::call::Operation;
use crate::server::failure::Failure;
use http::StatusCode;

/// The exceptions of AWS's model, by the letters of the table of operations.
const LETTERS: [(char, &str); 9] = [
    ('A', "AlreadyExistsException"),
    ('C', "ConflictException"),
    ('D', "DependencyFailureException"),
    ('L', "LimitExceededException"),
    ('M', "MissingParameterValueException"),
    ('N', "ResourceNotFoundException"),
    ('R', "InvalidRequestException"),
    ('S', "InvalidResourceStateException"),
    ('V', "InvalidParameterValueException"),
];

/// What stands in for an exception that is not listed: the first of these that is.
const STAND_INS: [char; 2] = ['R', 'V'];

/// What stands in for a parameter that is wrong or absent.
const STAND_INS_OF_PARAMETERS: [char; 2] = ['V', 'R'];

/// What is left where an operation lists no exception for a mistake of the caller: AWS's common one.
const COMMON: &str = "ValidationException";

impl Operation {
    /// The same failure under an exception that this operation lists.
    pub(in crate::server) fn fitted(&self, failure: Failure) -> Failure {
        let Some((letter, _)) = LETTERS.iter().find(|(_, name)| *name == failure.code) else { return failure };
        if self.exceptions.contains(*letter) {
            return failure;
        }
        if failure.status.is_server_error() {
            let status = failure.status;
            return failure.recoded(status, "ServiceUnavailableException");
        }
        let stand_ins = if "MV".contains(*letter) { STAND_INS_OF_PARAMETERS } else { STAND_INS };
        let listed = stand_ins.into_iter().find(|stand_in| self.exceptions.contains(*stand_in));
        let code =
            listed.and_then(|listed| LETTERS.iter().find(|(letter, _)| *letter == listed)).map(|(_, name)| *name);
        failure.recoded(StatusCode::BAD_REQUEST, code.unwrap_or(COMMON))
    }
}

#[cfg(test)]
mod tests {
    use super::super::operations::OPERATIONS;
    use super::*;

    fn fitted(operation: &str, code: &'static str) -> &'static str {
        let operation = OPERATIONS.iter().find(|known| known.name == operation).unwrap();
        operation.fitted(Failure::new(StatusCode::BAD_REQUEST, code, "why")).code
    }

    #[test]
    fn what_is_listed_stays_and_what_is_not_takes_the_nearest() {
        assert_eq!(fitted("GetBackupPlan", "ResourceNotFoundException"), "ResourceNotFoundException");
        assert_eq!(fitted("UpdateBackupPlan", "LimitExceededException"), "InvalidParameterValueException");
        assert_eq!(fitted("StartRestoreJob", "InvalidResourceStateException"), "InvalidRequestException");
        assert_eq!(fitted("ListBackupJobs", "MissingParameterValueException"), "InvalidParameterValueException");
        assert_eq!(fitted("DeleteRestoreTestingPlan", "InvalidParameterValueException"), "InvalidRequestException");
        assert_eq!(fitted("DescribeRegionSettings", "InvalidParameterValueException"), "ValidationException");
        assert_eq!(fitted("GetBackupPlan", "AccessDeniedException"), "AccessDeniedException");
    }
}
