//! The exceptions of AWS Organizations, as far as the engine throws them.

/// An exception that AWS Organizations has beside those of AWS Backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationsException {
    /// The account administers the service already.
    AccountAlreadyRegistered,
    /// There is no such account in the organization.
    AccountNotFound,
    /// The account does not administer the service.
    AccountNotRegistered,
    /// There is no such account or unit.
    ChildNotFound,
    /// A limit or a rule of the organization.
    ConstraintViolation(Constraint),
    /// There was no such request for an account.
    CreateAccountStatusNotFound,
    /// There is nothing of this id to move an account into.
    DestinationParentNotFound,
    /// The account is there already.
    DuplicateAccount,
    /// Another unit in the same place has this name.
    DuplicateOrganizationalUnit,
    /// The unit holds accounts or units.
    OrganizationalUnitNotEmpty,
    /// There is no such unit.
    OrganizationalUnitNotFound,
    /// There is no root or unit of this id.
    ParentNotFound,
    /// The account does not lie there.
    SourceParentNotFound,
}

/// What a `ConstraintViolationException` names as its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// The management account is no delegated administrator.
    CannotRegisterMasterAsDelegatedAdministrator,
    /// Units lie too deep one in another.
    OuDepthLimitExceeded,
    /// There are too many units.
    OuNumberLimitExceeded,
    /// Too many accounts administer the service.
    MaxDelegatedAdministratorsForServiceLimitExceeded,
}

impl OrganizationsException {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountAlreadyRegistered => "AccountAlreadyRegisteredException",
            Self::AccountNotFound => "AccountNotFoundException",
            Self::AccountNotRegistered => "AccountNotRegisteredException",
            Self::ChildNotFound => "ChildNotFoundException",
            Self::ConstraintViolation(_) => "ConstraintViolationException",
            Self::CreateAccountStatusNotFound => "CreateAccountStatusNotFoundException",
            Self::DestinationParentNotFound => "DestinationParentNotFoundException",
            Self::DuplicateAccount => "DuplicateAccountException",
            Self::DuplicateOrganizationalUnit => "DuplicateOrganizationalUnitException",
            Self::OrganizationalUnitNotEmpty => "OrganizationalUnitNotEmptyException",
            Self::OrganizationalUnitNotFound => "OrganizationalUnitNotFoundException",
            Self::ParentNotFound => "ParentNotFoundException",
            Self::SourceParentNotFound => "SourceParentNotFoundException",
        }
    }

    /// The member `Reason`, where it has one.
    pub fn reason(self) -> Option<&'static str> {
        let Self::ConstraintViolation(constraint) = self else { return None };
        Some(match constraint {
            Constraint::CannotRegisterMasterAsDelegatedAdministrator => {
                "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
            }
            Constraint::OuDepthLimitExceeded => "OU_DEPTH_LIMIT_EXCEEDED",
            Constraint::OuNumberLimitExceeded => "OU_NUMBER_LIMIT_EXCEEDED",
            Constraint::MaxDelegatedAdministratorsForServiceLimitExceeded => {
                "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED"
            }
        })
    }
}
