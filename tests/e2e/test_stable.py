"""What Terraform and its like rely on: `get` tells what was put, in the form in which it was put, twice in a row and after a restart;
and putting what `get` told changes nothing."""

import botocore.config
import boto3
import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, REGION, ROLE

# Texts that a careless reader would make numbers, booleans or nothing of.
TEXTS = {"number": "007", "exponent": "1e3", "boolean": "true", "null": "null", "empty": "", "space": " a  b ", "ünïcode": "é\u00a0ü", "Case": "MixedCase", "case": "lower"}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:backups"
# Key order, white space, escapes and single values as a person, a template and a program write them.
POLICIES = [
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":["backup:DeleteRecoveryPoint","backup:DeleteBackupVault"],"Resource":"*"}]}',
    '{\n    "Statement" : {\n\t"Resource": [ "*" ],\r\n\t"Action" : "backup:CopyIntoBackupVault", "Principal": {"AWS": "%s"},\n "Effect": "Allow", "Sid": "a" },\n "Version": "2012-10-17" }\n' % ACCOUNT,
    '  {"Id": "caf\\u00e9 \\/ é", "Version": "2012-10-17", "Statement": [{"Sid": "One", "Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": "backup:DeleteRecoveryPoint", "Resource": "*",'
    ' "Condition": {"StringNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::%s:root"]}}}]}' % ACCOUNT,
]


@pytest.fixture
def stable(engine):
    """`stable(read)` is what three calls of `read(client)` answer, the third one after a restart, when they answer the same."""
    def stable(read):
        def answer():
            told = read(engine.client())
            told.pop("ResponseMetadata")
            return told
        first, second = answer(), answer()
        assert first == second
        engine.stop()
        engine.start()
        assert answer() == first
        return first
    return stable


def test_a_vault_is_told_as_it_was_created(engine, stable):
    made = engine.client().create_backup_vault(BackupVaultName="Safe_1", BackupVaultTags=TEXTS, CreatorRequestId="00042")
    told = stable(lambda backup: backup.describe_backup_vault(BackupVaultName="Safe_1"))
    for member in ("BackupVaultName", "BackupVaultArn", "CreationDate"):
        assert told[member] == made[member], member
    assert (told["CreatorRequestId"], told["Locked"], told["NumberOfRecoveryPoints"]) == ("00042", False, 0)
    assert not {"MinRetentionDays", "MaxRetentionDays", "LockDate"} & told.keys()
    rows = stable(lambda backup: backup.list_backup_vaults())["BackupVaultList"]
    assert next(row for row in rows if row["BackupVaultName"] == "Safe_1") == told
    assert stable(lambda backup: backup.list_tags(ResourceArn=made["BackupVaultArn"]))["Tags"] == TEXTS
    again = engine.client().create_backup_vault(BackupVaultName="Safe_1", BackupVaultTags=TEXTS, CreatorRequestId="00042")
    assert {**again, "ResponseMetadata": 0} == {**made, "ResponseMetadata": 0}, "the same call again is the same vault"


@pytest.mark.parametrize("lock", [
    {"MinRetentionDays": 1}, {"MaxRetentionDays": 36_500}, {"MinRetentionDays": 7, "MaxRetentionDays": 7},
    {"MinRetentionDays": 7, "MaxRetentionDays": 30, "ChangeableForDays": 3}])
def test_a_lock_is_told_as_it_was_put(engine, stable, lock):
    engine.client().put_backup_vault_lock_configuration(BackupVaultName="Default", **lock)
    told = stable(lambda backup: backup.describe_backup_vault(BackupVaultName="Default"))
    assert told["Locked"]
    assert {name: days for name, days in told.items() if name.endswith("RetentionDays")} == {name: days for name, days in lock.items() if name != "ChangeableForDays"}
    assert ("LockDate" in told) == ("ChangeableForDays" in lock)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_is_told_byte_by_byte(engine, stable, policy):
    engine.client().put_backup_vault_access_policy(BackupVaultName="Default", Policy=policy)
    told = stable(lambda backup: backup.get_backup_vault_access_policy(BackupVaultName="Default"))
    assert told == {"BackupVaultName": "Default", "BackupVaultArn": f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:Default", "Policy": policy}
    engine.client().put_backup_vault_access_policy(BackupVaultName="Default", Policy=told["Policy"])
    assert stable(lambda backup: backup.get_backup_vault_access_policy(BackupVaultName="Default")) == told


@pytest.mark.parametrize("events", [
    ["BACKUP_JOB_COMPLETED"], ["RESTORE_JOB_COMPLETED", "BACKUP_JOB_FAILED", "COPY_JOB_FAILED", "BACKUP_JOB_COMPLETED"]])
def test_notifications_are_told_as_they_were_put(engine, stable, events):
    engine.client().put_backup_vault_notifications(BackupVaultName="Default", SNSTopicArn=TOPIC, BackupVaultEvents=events)
    told = stable(lambda backup: backup.get_backup_vault_notifications(BackupVaultName="Default"))
    assert (told["BackupVaultName"], told["SNSTopicArn"], told["BackupVaultEvents"]) == ("Default", TOPIC, events)


def rules():
    abroad = f"arn:aws:backup:eu-central-1:{ACCOUNT}:backup-vault:Default"
    return [
        {"RuleName": "z-full", "TargetBackupVaultName": "Default", "ScheduleExpression": "cron(0 5 ? * 1,3-5 *)", "ScheduleExpressionTimezone": "Europe/Berlin",
         "StartWindowMinutes": 61, "CompletionWindowMinutes": 121, "Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 120},
         "RecoveryPointTags": TEXTS, "CopyActions": [{"DestinationBackupVaultArn": abroad, "Lifecycle": {"DeleteAfterDays": 7}}], "EnableContinuousBackup": False},
        {"RuleName": "a-short", "TargetBackupVaultName": "Default"},
        {"RuleName": "M-odd", "TargetBackupVaultName": "Default", "ScheduleExpression": "cron(15 */6 * * ? *)", "Lifecycle": {"DeleteAfterDays": 14},
         "CopyActions": [{"DestinationBackupVaultArn": abroad}]},
    ]


DEFAULTS = {"ScheduleExpression": "cron(0 5 ? * * *)", "ScheduleExpressionTimezone": "Etc/UTC", "StartWindowMinutes": 480, "CompletionWindowMinutes": 10_080, "EnableContinuousBackup": False}


def test_a_plan_is_told_as_it_was_created_and_updated(engine, stable):
    document = {"BackupPlanName": "odd", "Rules": rules()}
    made = engine.client().create_backup_plan(BackupPlan=document, BackupPlanTags=TEXTS, CreatorRequestId="00042")
    id = made["BackupPlanId"]
    told = stable(lambda backup: backup.get_backup_plan(BackupPlanId=id))
    for member in ("BackupPlanId", "BackupPlanArn", "VersionId", "CreationDate"):
        assert told[member] == made[member], member
    assert told["CreatorRequestId"] == "00042"
    assert without_ids(told["BackupPlan"]) == {**document, "Rules": [DEFAULTS | rule for rule in document["Rules"]]}
    assert stable(lambda backup: backup.list_tags(ResourceArn=made["BackupPlanArn"]))["Tags"] == TEXTS

    # What was told goes back as it is, but for what a request cannot have, and what is told then differs in nothing but its version.
    updated = engine.client().update_backup_plan(BackupPlanId=id, BackupPlan=without_ids(told["BackupPlan"]))
    again = stable(lambda backup: backup.get_backup_plan(BackupPlanId=id))
    assert again["BackupPlan"] == told["BackupPlan"], "the ids of the rules too"
    assert again["VersionId"] == updated["VersionId"]
    first = stable(lambda backup: backup.get_backup_plan(BackupPlanId=id, VersionId=made["VersionId"]))
    assert first["BackupPlan"] == told["BackupPlan"]


def without_ids(plan):
    return {**plan, "Rules": [{name: value for name, value in rule.items() if name != "RuleId"} for rule in plan["Rules"]]}


@pytest.mark.parametrize("empty", [{"RecoveryPointTags": {}}, {"CopyActions": []}, {"Lifecycle": {}}, {"EnableContinuousBackup": False}])
def test_what_is_empty_in_a_plan_says_the_same_as_what_is_absent(engine, stable, empty):
    """As on AWS no client sees a difference: neither `get` nor an update makes one of the other."""
    client = engine.client()
    rule = {"RuleName": "daily", "TargetBackupVaultName": "Default"}
    id = client.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [{**rule, **empty}], "AdvancedBackupSettings": []})["BackupPlanId"]
    told = stable(lambda backup: backup.get_backup_plan(BackupPlanId=id))
    (name, value), = empty.items()
    assert without_ids(told["BackupPlan"])["Rules"][0] in (DEFAULTS | rule, DEFAULTS | rule | empty)
    assert told["BackupPlan"]["Rules"][0].get(name, value) == value
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        engine.client().create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [rule]})


SELECTIONS = [
    {"Resources": ["arn:aws:elasticfilesystem:*:*:file-system/*", "*"], "NotResources": ["arn:aws:ec2:*:*:volume/*"]},
    {"Resources": [], "NotResources": [], "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "b", "ConditionValue": "007"},
                                                         {"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": ""}], "Conditions": {}},
    {"Resources": ["*"], "ListOfTags": [], "Conditions": {
        "StringLike": [{"ConditionKey": "aws:ResourceTag/z", "ConditionValue": "*é "}, {"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "1e3"}],
        "StringEquals": [], "StringNotEquals": [{"ConditionKey": "aws:ResourceTag/Case", "ConditionValue": "true"}]}},
]
EMPTY = {"Resources": [], "NotResources": [], "ListOfTags": [],
         "Conditions": {"StringEquals": [], "StringNotEquals": [], "StringLike": [], "StringNotLike": []}}


@pytest.mark.parametrize("given", SELECTIONS)
def test_a_selection_is_told_as_it_was_created_with_every_member(engine, stable, given):
    client = engine.client()
    plan = client.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [{"RuleName": "daily", "TargetBackupVaultName": "Default"}]})["BackupPlanId"]
    document = {"SelectionName": "Some_1", "IamRoleArn": ROLE, **given}
    made = client.create_backup_selection(BackupPlanId=plan, BackupSelection=document, CreatorRequestId="00042")
    told = stable(lambda backup: backup.get_backup_selection(BackupPlanId=plan, SelectionId=made["SelectionId"]))
    assert told["BackupSelection"] == {**EMPTY, **document, "Conditions": {**EMPTY["Conditions"], **document.get("Conditions", {})}}
    assert (told["CreatorRequestId"], told["CreationDate"]) == ("00042", made["CreationDate"])
    rows = stable(lambda backup: backup.list_backup_selections(BackupPlanId=plan))["BackupSelectionsList"]
    assert [row["SelectionId"] for row in rows] == [made["SelectionId"]]


def test_settings_are_told_as_they_were_put(engine, stable):
    before = stable(lambda backup: backup.describe_region_settings())
    engine.client().update_region_settings(ResourceTypeOptInPreference={"EFS": False, "S3": True})
    told = stable(lambda backup: backup.describe_region_settings())
    assert told == {**before, "ResourceTypeOptInPreference": {**before["ResourceTypeOptInPreference"], "EFS": False}}
    client = engine.client()
    client.update_region_settings(ResourceTypeOptInPreference=told["ResourceTypeOptInPreference"], ResourceTypeManagementPreference=told["ResourceTypeManagementPreference"])
    client.update_region_settings(ResourceTypeOptInPreference={})
    assert stable(lambda backup: backup.describe_region_settings()) == told

    before = stable(lambda backup: backup.describe_global_settings())["GlobalSettings"]
    assert set(before.values()) == {"false"}
    engine.client().update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "true"})
    told = stable(lambda backup: backup.describe_global_settings())
    assert told["GlobalSettings"] == {**before, "isCrossAccountBackupEnabled": "true"}
    engine.client().update_global_settings(GlobalSettings=told["GlobalSettings"])
    assert stable(lambda backup: backup.describe_global_settings())["GlobalSettings"] == told["GlobalSettings"]
    assert engine.client(account=None, region="eu-central-1").describe_global_settings()["GlobalSettings"] == told["GlobalSettings"]


@pytest.mark.parametrize("call, member", [
    (lambda backup: backup.put_backup_vault_lock_configuration(BackupVaultName="Default", MinRetentionDays="7"), "MinRetentionDays"),
    (lambda backup: backup.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": True}), "isCrossAccountBackupEnabled"),
    (lambda backup: backup.update_region_settings(ResourceTypeOptInPreference={"EFS": "false"}), "EFS"),
    (lambda backup: backup.create_backup_vault(BackupVaultName="other", BackupVaultTags={"a": 7}), "BackupVaultTags"),
    (lambda backup: backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [{"RuleName": "r", "TargetBackupVaultName": "Default", "StartWindowMinutes": "60"}]}), "StartWindowMinutes"),
])
def test_what_is_of_another_kind_is_refused_and_never_kept_as_something_else(engine, call, member):
    """A number as a string, and the other way round: what `get` told would not be what was put."""
    keys = engine.credentials()
    careless = boto3.client("backup", endpoint_url=engine.url, region_name=REGION, aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                            config=botocore.config.Config(parameter_validation=False, retries={"max_attempts": 0}))
    with pytest.raises(ClientError) as refused:
        call(careless)
    assert member in refused.value.response["Error"]["Message"], refused.value
    backup = engine.client()
    assert [vault["BackupVaultName"] for vault in backup.list_backup_vaults()["BackupVaultList"]] == ["Default"]
    assert backup.list_backup_plans()["BackupPlansList"] == []
    assert not backup.describe_backup_vault(BackupVaultName="Default")["Locked"]
    assert set(backup.describe_global_settings()["GlobalSettings"].values()) == {"false"}
    assert backup.describe_region_settings()["ResourceTypeOptInPreference"]["EFS"] is True
