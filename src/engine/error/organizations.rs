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
    /// The policy is attached there already.
    DuplicatePolicyAttachment,
    /// Another policy has this name.
    DuplicatePolicy,
    /// Nothing of this type holds in the account.
    EffectivePolicyNotFound,
    /// The document of a policy breaks a rule of its language.
    MalformedPolicyDocument,
    /// There is no root or unit of this id.
    ParentNotFound,
    /// The policy is attached to something.
    PolicyInUse,
    /// The policy is not attached there.
    PolicyNotAttached,
    /// There is no such policy.
    PolicyNotFound,
    /// The type of policies is enabled already.
    PolicyTypeAlreadyEnabled,
    /// The organization has no policies of this type.
    PolicyTypeNotAvailableForOrganization,
    /// The type of policies is not enabled in the root.
    PolicyTypeNotEnabled,
    /// There is no such root.
    RootNotFound,
    /// The account does not lie there.
    SourceParentNotFound,
    /// There is no root, unit or account of this id.
    TargetNotFound,
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
    /// Too many policies are attached to one thing.
    MaxPolicyTypeAttachmentLimitExceeded,
    /// A policy is too long.
    PolicyContentLimitExceeded,
    /// There are too many policies.
    PolicyNumberLimitExceeded,
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
            Self::DuplicatePolicyAttachment => "DuplicatePolicyAttachmentException",
            Self::DuplicatePolicy => "DuplicatePolicyException",
            Self::EffectivePolicyNotFound => "EffectivePolicyNotFoundException",
            Self::MalformedPolicyDocument => "MalformedPolicyDocumentException",
            Self::PolicyInUse => "PolicyInUseException",
            Self::PolicyNotAttached => "PolicyNotAttachedException",
            Self::PolicyNotFound => "PolicyNotFoundException",
            Self::PolicyTypeAlreadyEnabled => "PolicyTypeAlreadyEnabledException",
            Self::PolicyTypeNotAvailableForOrganization => "PolicyTypeNotAvailableForOrganizationException",
            Self::PolicyTypeNotEnabled => "PolicyTypeNotEnabledException",
            Self::RootNotFound => "RootNotFoundException",
            Self::TargetNotFound => "TargetNotFoundException",
        }
    }

    /// The member `Reason`, where it has one.
    pub fn reason(self) -> Option<&'static str> {
        let Self::ConstraintViolation(constraint) = self else { return None };
        Some(match constraint {
            Constraint::CannotRegisterMasterAsDelegatedAdministrator => {
                "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
            }
            Constraint::MaxPolicyTypeAttachmentLimitExceeded => "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            Constraint::PolicyContentLimitExceeded => "POLICY_CONTENT_LIMIT_EXCEEDED",
            Constraint::PolicyNumberLimitExceeded => "POLICY_NUMBER_LIMIT_EXCEEDED",
            Constraint::OuDepthLimitExceeded => "OU_DEPTH_LIMIT_EXCEEDED",
            Constraint::OuNumberLimitExceeded => "OU_NUMBER_LIMIT_EXCEEDED",
            Constraint::MaxDelegatedAdministratorsForServiceLimitExceeded => {
                "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED"
            }
        })
    }
}
