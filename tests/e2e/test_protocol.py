"""The wire protocol held against botocore's model: every operation, every parameter, every answer."""

import botocore.session
import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, REGION, ROLE, back_up

MODEL = botocore.session.get_session().get_service_model("backup")
POINT = f"arn:aws:backup:{REGION}:{ACCOUNT}:recovery-point:00000000-0000-0000-0000-000000000000"
FILE_SYSTEM = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-00000000000000000"
NOT_BUILT = "is not supported by this engine"

# Values that AWS would read, for members whose type alone does not say enough.
VALUES = {
    "BackupVaultName": "Default", "ByBackupVaultName": "Default", "TargetBackupVaultName": "Default", "SourceBackupVaultName": "Default",
    "ResourceArn": FILE_SYSTEM, "ByResourceArn": FILE_SYSTEM, "SourceResourceArn": FILE_SYSTEM, "RecoveryPointArn": POINT,
    "IamRoleArn": ROLE, "BackupVaultAccountId": ACCOUNT, "ByBackupVaultAccountId": ACCOUNT, "AccountId": ACCOUNT, "ByAccountId": ACCOUNT,
    "MaxResults": 5, "MaxScheduledRunsPreview": 3, "BackupPlanId": "none", "ScheduleExpression": "cron(0 5 ? * * *)",
    "ScheduleExpressionTimezone": "Etc/UTC", "MessageCategory": "SUCCESS", "ByMessageCategory": "SUCCESS", "ResourceType": "EFS",
    "ByResourceType": "EFS", "StartWindowMinutes": 60, "CompleteWindowMinutes": 180, "CompletionWindowMinutes": 180,
}


def sample(name, shape, depth=0):
    """A value of a shape, with all its members."""
    if name in VALUES:
        return VALUES[name]
    kind = shape.type_name
    if kind == "structure":
        return {} if depth > 8 else {inner: sample(inner, member, depth + 1) for inner, member in shape.members.items()}
    if kind == "list":
        return [sample(name, shape.member, depth + 1)]
    if kind == "map":
        return {(shape.key.enum or ["key"])[0] if getattr(shape.key, "enum", None) else "key": sample("value", shape.value, depth + 1)}
    if kind == "string":
        if getattr(shape, "enum", None):
            return shape.enum[0]
        return f"arn:aws:backup:{REGION}:{ACCOUNT}:thing:none" if name.lower().endswith("arn") else "none-such"
    least = max(1, shape.metadata.get("min", 1))
    return {"boolean": True, "integer": least, "long": least, "timestamp": "2026-01-01T00:00:00Z", "double": 1.0, "blob": b"x"}[kind]


def call(client, operation, **parameters):
    """The answer, or the error's code and message."""
    try:
        return client._make_api_call(operation, parameters), None
    except ClientError as error:
        return None, (error.response["Error"]["Code"], error.response["Error"]["Message"], error.response["ResponseMetadata"]["HTTPStatusCode"])


def required(operation):
    shape = MODEL.operation_model(operation).input_shape
    return {name: sample(name, shape.members[name]) for name in shape.required_members} if shape else {}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    from conftest import Engine
    engine = Engine(tmp_path_factory.mktemp("protocol") / "data").start()
    yield engine.client()
    engine.stop()


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_every_operation_is_known(client, operation):
    """It is carried out, or refused by its own name, or wrong parameters are named; a good answer fits the model."""
    if operation in ("DeleteBackupVault",):
        return
    answer, error = call(client, operation, **required(operation))
    if error:
        code, message, status = error
        assert code != "UnknownOperationException" and status < 500, error
        assert message, error
        # Which exception it is, the client's own check holds against the model. Only what changes something is not built.
        if NOT_BUILT in message:
            assert MODEL.operation_model(operation).http["method"] != "GET", error


PARAMETERS = [(operation, name) for operation in MODEL.operation_names if (shape := MODEL.operation_model(operation).input_shape)
              for name in shape.members]


@pytest.mark.parametrize("operation,name", PARAMETERS)
def test_every_parameter_of_the_model_is_known(client, operation, name):
    """Accepted, refused with the rule it breaks, or refused because it is not built; never taken for an unknown one."""
    if operation == "DeleteBackupVault":
        return
    member = MODEL.operation_model(operation).input_shape.members[name]
    _, error = call(client, operation, **{**required(operation), name: sample(name, member)})
    assert not error or ("is not a known parameter" not in error[1] and error[2] < 500), error


def test_modelled_errors_are_typed(client):
    """botocore finds the exception's class by the header, and its members in the body."""
    client.create_backup_vault(BackupVaultName="typed", CreatorRequestId="one")
    with pytest.raises(client.exceptions.AlreadyExistsException) as caught:
        client.create_backup_vault(BackupVaultName="typed", CreatorRequestId="two")
    assert caught.value.response["Error"]["Message"] == "Backup vault with the same name already exists"
    assert caught.value.response["Arn"].endswith(":backup-vault:typed") and caught.value.response["CreatorRequestId"] == "one"
    with pytest.raises(client.exceptions.MissingParameterValueException):
        client.start_restore_job(RecoveryPointArn="", Metadata={})
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.get_backup_plan(BackupPlanId="none")
    assert caught.value.response["Error"]["Message"] == "Failed reading Backup plan with provided version"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize("document,code,named", [
    ({"BackupPlanName": "p", "Rules": []}, "MissingParameterValueException", "Rules"),
    ({"BackupPlanName": "p p", "Rules": [{}]}, "InvalidParameterValueException", "BackupPlanName"),
    ({"BackupPlanName": "p", "Rules": [{"ScheduleExpression": "cron(* * ? * * *)"}]}, "InvalidParameterValueException", "ScheduleExpression"),
    ({"BackupPlanName": "p", "Rules": [{"StartWindowMinutes": 59}]}, "InvalidParameterValueException", "StartWindowMinutes"),
    ({"BackupPlanName": "p", "Rules": [{"Lifecycle": {"DeleteAfterDays": 36501}}]}, "InvalidParameterValueException", "36500"),
    ({"BackupPlanName": "p", "Rules": [{"CopyActions": [{"DestinationBackupVaultArn": "no-vault"}]}]},
     "InvalidParameterValueException", "DestinationBackupVaultArn"),
    ({"BackupPlanName": "p", "Rules": [{"EnableContinuousBackup": True, "Lifecycle": {"DeleteAfterDays": 36}}]}, "InvalidParameterValueException", "DeleteAfterDays"),
    ({"BackupPlanName": "p", "Rules": [{"Lifecycle": {"MoveToColdStorageAfterDays": 11, "DeleteAfterDays": 100}}]}, "InvalidParameterValueException",
     "MoveToColdStorageAfterDays"),
    ({"BackupPlanName": "p", "Rules": [{}], "ScanSettings": [{"ResourceTypes": ["EFS"], "MalwareScanner": "GUARDDUTY", "ScannerRoleArn": ROLE}]},
     "InvalidParameterValueException", "ScanSettings"),
])
def test_plans_that_break_a_rule_are_refused_by_name(client, document, code, named):
    rules = [{"RuleName": f"r{number}", "TargetBackupVaultName": "Default", **rule} for number, rule in enumerate(document["Rules"])]
    _, error = call(client, "CreateBackupPlan", BackupPlan={**document, "Rules": rules})
    assert error and error[0] == code and named in error[1], error


def test_lists_are_complete_page_by_page(engine, small_tree):
    """Through botocore's own paginators, with pages of one."""
    client = engine.client()
    resource = engine.add_efs("paged", small_tree)
    jobs = [back_up(client, resource)["BackupJobId"] for _ in range(3)]
    for operation, member, name in [("list_backup_jobs", "BackupJobs", "BackupJobId"),
                                    ("list_recovery_points_by_resource", "RecoveryPoints", "RecoveryPointArn")]:
        more = {"ResourceArn": resource} if "resource" in operation else {}
        pages = list(client.get_paginator(operation).paginate(**more, PaginationConfig={"PageSize": 1}))
        found = [row[name] for page in pages for row in page[member]]
        assert len(found) == len(set(found)) == 3
        assert name != "BackupJobId" or set(found) == set(jobs)


def test_neighbour_services(engine, small_tree):
    """STS in XML, Organizations in JSON, Tagging in whatever this botocore prefers."""
    engine.add_efs("tagged", small_tree, "env=prod", "team=a")
    engine.add_efs("other", small_tree, "env=test")
    identity = engine.client("sts").get_caller_identity()
    assert identity["Account"] == ACCOUNT and identity["Arn"].startswith(f"arn:aws:iam::{ACCOUNT}:")
    organizations = engine.client("organizations")
    assert organizations.describe_organization()["Organization"]["MasterAccountId"] == ACCOUNT
    assert [account["Id"] for account in organizations.list_accounts()["Accounts"]] == [ACCOUNT]
    tagging = engine.client("resourcegroupstaggingapi")
    found = tagging.get_resources(TagFilters=[{"Key": "env", "Values": ["prod", "stage"]}])["ResourceTagMappingList"]
    assert [{tag["Key"]: tag["Value"] for tag in row["Tags"]} for row in found] == [{"env": "prod", "team": "a"}]
    assert tagging.get_tag_keys()["TagKeys"] == ["env", "team"]
    assert tagging.get_tag_values(Key="env")["TagValues"] == ["prod", "test"]
    with pytest.raises(ClientError) as caught:
        tagging.start_report_creation(S3Bucket="none")
    assert "StartReportCreation" in str(caught.value)


KMS = botocore.session.get_session().get_service_model("kms")
BUILT = ["CreateKey", "DescribeKey", "ListKeys", "ListAliases", "CreateAlias", "EnableKey", "DisableKey", "ScheduleKeyDeletion",
         "CancelKeyDeletion", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"]
# What KMS may answer to any call: its common errors.
COMMON = {"ValidationException", "AccessDeniedException"}


@pytest.fixture(scope="module")
def kms(tmp_path_factory):
    from conftest import Engine
    engine = Engine(tmp_path_factory.mktemp("kms") / "data").start()
    yield engine.client("kms")
    engine.stop()


@pytest.mark.parametrize("operation", BUILT)
def test_every_member_of_a_kms_call_is_known_and_its_errors_are_those_of_the_model(kms, operation):
    """Good answers are held against the model by the client's own check."""
    shape = KMS.operation_model(operation).input_shape
    listed = {error.name for error in KMS.operation_model(operation).error_shapes} | COMMON
    for name, member in shape.members.items():
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        values = {"KeyId": key, "TargetKeyId": key, "AliasName": f"alias/{operation}/{name}", "PolicyName": "default", "PendingWindowInDays": 7}
        needed = {needed: values[needed] for needed in shape.required_members}
        given = values.get(name, sample(name, member))
        for value in [given, "none"] if member.type_name == "string" and not getattr(member, "enum", None) else [given]:
            _, error = call(kms, operation, **{**needed, name: value})
            if error:
                assert error[0] in listed, (name, error)
                assert "is not a known parameter" not in error[1] and error[2] < 500, (name, error)


@pytest.mark.parametrize("operation", sorted(set(KMS.operation_names) - set(BUILT)))
def test_what_is_not_built_of_kms_says_so(kms, operation):
    shape = KMS.operation_model(operation).input_shape
    parameters = {name: sample(name, shape.members[name]) for name in shape.required_members} if shape else {}
    _, error = call(kms, operation, **parameters)
    assert error and error[0] == "UnknownOperationException" and operation in error[1], error


def test_wrong_keys_and_clocks_are_told_apart(engine):
    import boto3
    import botocore.config
    good = engine.credentials()
    def ask(**changes):
        keys = {"aws_access_key_id": good["AccessKeyId"], "aws_secret_access_key": good["SecretAccessKey"], **changes}
        client = boto3.client("backup", endpoint_url=engine.url, region_name=REGION, config=botocore.config.Config(retries={"max_attempts": 0}), **keys)
        return call(client, "ListBackupVaults")[1]
    assert ask() is None
    assert ask(aws_access_key_id="AKIAIOSFODNN7EXAMPLE")[0] == "UnrecognizedClientException"
    assert ask(aws_secret_access_key="wrong")[0] == "InvalidSignatureException"
    assert ask(aws_session_token="stolen")[0] == "UnrecognizedClientException"
