"""Stacks of a real server of CloudFormation's protocol: a composite recovery point of the template and of the members that are
registered, each of which comes back as boto3 reads it."""

import hashlib
import json
import random
import time

import botocore.exceptions
import pytest

from conftest import ACCOUNT, REGION, ROLE, back_up, wait_for_job
from ministack import KEYS, Ministack
from ports import free_port

ENDED = ("COMPLETED", "FAILED", "ABORTED", "EXPIRED", "PARTIAL")

TEMPLATE = """\
Parameters:
  Table: {Type: String, Default: orders}
  Secret: {Type: String, NoEcho: true, Default: open}
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Ref Table
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Uploads:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Sub "${Table}-uploads"}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "${Table}-queue"}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Ministack(tmp_path_factory.mktemp("stack") / "ministack", "cloudformation,dynamodb,s3,sqs").start()
    yield server
    server.stop()


@pytest.fixture
def stacks(server):
    """A client of a server without stacks."""
    stacks, files = server.client("cloudformation"), server.client("s3")
    yield stacks
    for bucket in files.list_buckets()["Buckets"]:
        for item in files.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            files.delete_object(Bucket=bucket["Name"], Key=item["Key"])
    for stack in stacks.describe_stacks()["Stacks"]:
        stacks.delete_stack(StackName=stack["StackName"])
    tables = server.client()
    deadline = time.monotonic() + 30
    while [stack for stack in stacks.describe_stacks()["Stacks"] if stack["StackStatus"] != "DELETE_FAILED"]:
        assert time.monotonic() < deadline, stacks.describe_stacks()["Stacks"]
        time.sleep(0.1)
    for name in tables.list_tables()["TableNames"]:
        tables.delete_table(TableName=name)
    for bucket in files.list_buckets()["Buckets"]:
        files.delete_bucket(Bucket=bucket["Name"])


def settled(stacks, name, status="CREATE_COMPLETE"):
    deadline = time.monotonic() + 30
    while stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] != status:
        assert time.monotonic() < deadline, stacks.describe_stacks(StackName=name)
        time.sleep(0.05)


def make(server, stacks, name="shop", table="orders", items=200):
    parameters = [{"ParameterKey": "Table", "ParameterValue": table}, {"ParameterKey": "Secret", "ParameterValue": "hunter2"}]
    stacks.create_stack(StackName=name, TemplateBody=TEMPLATE, Parameters=parameters)
    settled(stacks, name)
    fill(server, table, range(items))


def fill(server, table, numbers):
    tables, files, rng = server.client(), server.client("s3"), random.Random(7)
    for number in numbers:
        tables.put_item(TableName=table, Item={"id": {"S": f"{number:05}"}, "bytes": {"B": rng.randbytes(300)}})
        if number % 10 == 0:
            files.put_object(Bucket=f"{table}-uploads", Key=f"a//{number}", Body=rng.randbytes(5_000))


def seen_table(server, name):
    """A hash of a table's items that does not depend on their order."""
    pages = server.client().get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    return seen(json.dumps(item, sort_keys=True, default=repr).encode() for page in pages for item in page["Items"])


def seen_bucket(server, name):
    files = server.client("s3")
    keys = [item["Key"] for page in files.get_paginator("list_objects_v2").paginate(Bucket=name) for item in page.get("Contents", [])]
    return seen(key.encode() + b"\0" + files.get_object(Bucket=name, Key=key)["Body"].read() for key in keys)


def seen(texts):
    count, total = 0, 0
    for text in texts:
        count, total = count + 1, (total + int.from_bytes(hashlib.sha256(text).digest()[:8])) % 2**64
    return count, total


def add(engine, server, folder, kind, name, *options, url=None, check=True):
    secret = folder / "keys.json"
    secret.write_text(json.dumps(KEYS))
    return engine.run("resource", "add", kind, name, "--endpoint", url or server.url, *options, "--secret-file", str(secret), "--output", "json", check=check)


def added(*arguments, **options):
    return json.loads(add(*arguments, **options).stdout)["ResourceArn"]


def register(engine, server, folder, members=("orders", "uploads")):
    """The stack, and those of its members."""
    if "orders" in members:
        added(engine, server, folder, "DynamoDB", "orders", "--table", "orders")
    if "uploads" in members:
        added(engine, server, folder, "S3", "uploads", "--bucket", "orders-uploads")
    return added(engine, server, folder, "CloudFormation", "shop", "--stack", "shop")


def nested(backup, parent):
    """The recovery points that are nested in one, by what they are called there."""
    listed = backup.list_recovery_points_by_backup_vault(BackupVaultName="Default", ByParentRecoveryPointArn=parent)["RecoveryPoints"]
    assert all(point["ParentRecoveryPointArn"] == parent and not point["IsParent"] for point in listed)
    return {point.get("CompositeMemberIdentifier"): point for point in listed}


def restore(backup, point, **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point["RecoveryPointArn"])["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point["RecoveryPointArn"], Metadata={**metadata, **changes}, IamRoleArn=ROLE)
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


def stored(engine):
    vault = engine.data / "vaults" / ACCOUNT / REGION / "Default"
    return sum(path.stat().st_size for path in vault.rglob("*") if path.is_file())


def test_a_stack_is_backed_up_changed_backed_up_again_and_restored_as_it_was(engine, server, stacks, tmp_path):
    backup = engine.client()
    make(server, stacks)
    shop = register(engine, server, tmp_path)
    assert shop.startswith(f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop/")
    before = seen_table(server, "orders"), seen_bucket(server, "orders-uploads")
    assert (before[0][0], before[1][0]) == (200, 20)

    started = backup.start_backup_job(BackupVaultName="Default", ResourceArn=shop, IamRoleArn=ROLE)
    assert started["IsParent"]
    first = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=started["BackupJobId"]))
    assert first["State"] == "COMPLETED" and "StatusMessage" not in first, first
    assert first["IsParent"] and first["NumberOfChildJobs"] == 3 and first["ChildJobsInState"] == {"COMPLETED": 3}
    children = backup.list_backup_jobs(ByParentJobId=first["BackupJobId"])["BackupJobs"]
    assert sorted(job["ResourceType"] for job in children) == ["CloudFormation", "DynamoDB", "S3"]
    assert all(job["ParentJobId"] == first["BackupJobId"] and not job["IsParent"] for job in children)
    assert ":recovery-point:composite:" in first["RecoveryPointArn"]
    points = nested(backup, first["RecoveryPointArn"])
    assert set(points) == {None, "Orders", "Uploads"}

    # when some of it changes, the next backup stores little
    size = stored(engine)
    fill(server, "orders", range(200, 210))
    server.client().delete_item(TableName="orders", Key={"id": {"S": "00007"}})
    server.client("s3").delete_object(Bucket="orders-uploads", Key="a//20")
    changed = TEMPLATE.replace("-queue", "-jobs")
    kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in ("Table", "Secret")]
    stacks.update_stack(StackName="shop", TemplateBody=changed, Parameters=kept)
    settled(stacks, "shop", "UPDATE_COMPLETE")
    second = back_up(backup, shop)
    assert second["State"] == "COMPLETED", second
    grown = stored(engine) - size
    print(f"{size} stored by the first, {grown} by the second")
    assert 0 < grown < size

    # the parent is not restored as a whole
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        restore(backup, first)
    assert "one by one" in str(refused.value) and points["Orders"]["RecoveryPointArn"] in str(refused.value)

    # the template comes back as a change set of a new stack, which waits to be executed
    secret = json.dumps({"Secret": "hunter2", "Table": "back"})
    done = restore(backup, points[None], StackName="back", ChangeSetName="first", ChangeSetDescription="from the backup", StackParameters=secret)
    assert done["Status"] == "COMPLETED" and "waits for its review" in done["StatusMessage"], done
    assert done["CreatedResourceArn"].startswith(f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/back/")
    assert stacks.describe_stacks(StackName="back")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    change = stacks.describe_change_set(StackName="back", ChangeSetName="first")
    assert (change["Status"], change["Description"], change["ExecutionStatus"]) == ("CREATE_COMPLETE", "from the backup", "AVAILABLE")
    assert stacks.get_template(StackName="back", ChangeSetName="first", TemplateStage="Original")["TemplateBody"] == TEMPLATE
    stacks.execute_change_set(StackName="back", ChangeSetName="first")
    settled(stacks, "back")

    # and the members one by one: the bucket that the stack has made anew gets its objects, and the table comes under another name
    done = restore(backup, points["Orders"], targetTableName="orders-back")
    assert done["Status"] == "COMPLETED", done
    done = restore(backup, points["Uploads"], DestinationBucketName="uploads-back", NewBucket="true")
    assert done["Status"] == "COMPLETED", done
    assert (seen_table(server, "orders-back"), seen_bucket(server, "uploads-back")) == before

    # of a stack that is there it is a change set that brings its template back
    done = restore(backup, points[None], StackName="shop", ChangeSetName="undo")
    assert done["Status"] == "COMPLETED", done
    changes = stacks.describe_change_set(StackName="shop", ChangeSetName="undo")["Changes"]
    assert [change["ResourceChange"]["LogicalResourceId"] for change in changes] == ["Queue"]
    # nothing is written over
    again = restore(backup, points[None], StackName="shop", ChangeSetName="undo")
    assert again["Status"] == "FAILED" and "has a change set undo already" in again["StatusMessage"], again
    # no secret is told or kept in the clear
    assert not [path for path in engine.data.rglob("*") if path.is_file() and KEYS["SecretAccessKey"].encode() in path.read_bytes()]


def test_plain_restic_and_boto3_make_a_stack_of_it(engine, server, stacks, tmp_path):
    make(server, stacks, items=10)
    backup = engine.client()
    point = nested(backup, back_up(backup, register(engine, server, tmp_path, ()))["RecoveryPointArn"])
    assert list(point) == [None]
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    done = engine.restic("restore", "latest", "--path", "/stack", "--target", str(tmp_path / "out"), password=password)
    assert done.returncode == 0, done
    folder = tmp_path / "out" / "stack"
    assert (folder / "template.yaml").read_text() == TEMPLATE
    parameters = json.loads((folder / "parameters.json").read_text())
    assert {one["ParameterKey"]: one["ParameterValue"] for one in parameters} == {"Table": "orders", "Secret": "****"}
    stack = json.loads((folder / "stack.json").read_text())
    assert [one["LogicalResourceId"] for one in stack["StackResources"]] == ["Orders", "Queue", "Uploads"]
    parameters = [{**one, "ParameterValue": "byhand"} for one in parameters]
    stacks.create_stack(StackName="byhand", TemplateBody=(folder / "template.yaml").read_text(), Parameters=parameters)
    settled(stacks, "byhand")
    # the composite says what it is made of
    done = engine.restic("restore", "latest", "--path", "/composite", "--target", str(tmp_path / "out"), password=password)
    made = json.loads((tmp_path / "out" / "composite" / "composite.json").read_text())
    assert [one["RecoveryPointArn"] for one in made["NestedRecoveryPoints"]] == [point[None]["RecoveryPointArn"]]


def test_a_member_that_cannot_be_read_makes_it_partial_and_one_that_is_not_registered_is_told(engine, server, stacks, tmp_path):
    make(server, stacks, items=10)
    backup = engine.client()
    shop = register(engine, server, tmp_path, ("orders",))
    lacking = back_up(backup, shop)
    assert lacking["State"] == "PARTIAL" and lacking["ChildJobsInState"] == {"COMPLETED": 2}, lacking
    assert "Uploads (AWS::S3::Bucket orders-uploads)" in lacking["StatusMessage"] and "Queue" not in lacking["StatusMessage"]
    told = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=lacking["RecoveryPointArn"])
    assert told["Status"] == "PARTIAL" and told["StatusMessage"] == lacking["StatusMessage"], told
    # the table goes behind the stack's back
    server.client().delete_table(TableName="orders")
    partial = back_up(backup, shop)
    assert partial["State"] == "PARTIAL" and partial["ChildJobsInState"] == {"COMPLETED": 1, "FAILED": 1}, partial
    assert "Orders FAILED (There is no table orders" in partial["StatusMessage"], partial
    told = backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=partial["RecoveryPointArn"])
    assert told["Status"] == "PARTIAL" and told["IsParent"] and set(nested(backup, partial["RecoveryPointArn"])) == {None}
    # it goes after what is nested in it
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=partial["RecoveryPointArn"])
    assert "1 nested" in str(refused.value)
    child = nested(backup, partial["RecoveryPointArn"])[None]["RecoveryPointArn"]
    engine.run("disassociate", child, "--yes")
    assert nested(backup, partial["RecoveryPointArn"]) == {}
    backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=partial["RecoveryPointArn"])
    assert "ParentRecoveryPointArn" not in backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=child)


def test_what_cannot_be_registered_or_backed_up_is_refused_with_the_way_out(engine, server, stacks, tmp_path):
    backup = engine.client()
    make(server, stacks, items=1)
    for options, url, told in [
        (("--stack", "nowhere"), None, "no stack nowhere"),
        (("--stack", "a_b"), None, "begin with a letter"),
        (("--stack", "shop"), "ftp://127.0.0.1", "http://"),
        (("--stack", "shop"), f"http://127.0.0.1:{free_port()}", "cannot be reached"),
        (("--stack", "shop", "--table", "orders"), None, "CloudFormation takes"),
    ]:
        refused = add(engine, server, tmp_path, "CloudFormation", "bad", *options, url=url, check=False)
        words = refused.stdout + refused.stderr
        assert refused.returncode != 0 and told in words and KEYS["SecretAccessKey"] not in words, (options, refused)
    # a stack that waits for its review is none that can be backed up
    stacks.create_change_set(StackName="new", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=TEMPLATE.replace("orders", "other"))
    waiting = added(engine, server, tmp_path, "CloudFormation", "new", "--stack", "new")
    failed = back_up(backup, waiting)
    assert failed["State"] == "FAILED" and "is REVIEW_IN_PROGRESS" in failed["StatusMessage"], failed
    point = nested(backup, back_up(backup, added(engine, server, tmp_path, "CloudFormation", "shop", "--stack", "shop"))["RecoveryPointArn"])[None]
    for changes, told in [
        ({"StackName": "1"}, "StackName"),
        ({"ChangeSetName": ""}, "ChangeSetName"),
        ({"StackParameters": "no"}, "StackParameters"),
        ({"vaultdeck:endpoint": "http://127.0.0.1:1"}, "endpoint"),
        ({"Nonsense": "x"}, "Nonsense"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            restore(backup, point, **changes)
        assert told in str(refused.value), refused.value
    hidden = restore(backup, point, StackName="hidden")
    assert hidden["Status"] == "FAILED" and "give Secret with StackParameters" in hidden["StatusMessage"], hidden
    assert "hidden" not in [stack["StackName"] for stack in stacks.describe_stacks()["Stacks"]]


@pytest.mark.parametrize("seed", range(3))
def test_an_engine_that_is_killed_in_a_backup_goes_on_and_ends_it_once(start, server, stacks, tmp_path, seed):
    make(server, stacks, items=400)
    engine = start()
    backup = engine.client()
    shop = register(engine, server, tmp_path)
    job = backup.start_backup_job(BackupVaultName="Default", ResourceArn=shop, IamRoleArn=ROLE)["BackupJobId"]
    rng, kills = random.Random(seed), 0
    # What was begun three times and killed each time is given up.
    while backup.describe_backup_job(BackupJobId=job)["State"] not in ENDED and kills < 2:
        time.sleep(rng.uniform(0, 0.4))
        engine.kill()
        kills += 1
        engine = start()
        backup = engine.client()
    done = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=job))
    assert done["State"] == "COMPLETED" and done["ChildJobsInState"] == {"COMPLETED": 3}, done
    points = nested(backup, done["RecoveryPointArn"])
    assert set(points) == {None, "Orders", "Uploads"} and kills > 0
    restored = restore(backup, points["Orders"], targetTableName=f"back-{seed}")
    assert restored["Status"] == "COMPLETED" and seen_table(server, f"back-{seed}") == seen_table(server, "orders")
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check


INNER = """\
Parameters:
  Name: {Type: String}
Resources:
  Notes:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Ref Name
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""

OUTER = """\
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: %s/templates/inner.yaml
      Parameters: {Name: notes}
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


def test_a_stack_within_a_stack_is_backed_up_with_it_and_its_template_comes_back(engine, server, stacks, tmp_path):
    backup, files, tables = engine.client(), server.client("s3"), server.client()
    files.create_bucket(Bucket="templates")
    files.put_object(Bucket="templates", Key="inner.yaml", Body=INNER.encode())
    outer = OUTER % server.url
    stacks.create_stack(StackName="shop", TemplateBody=outer)
    settled(stacks, "shop")
    for name in ("orders", "notes"):
        tables.put_item(TableName=name, Item={"id": {"S": "1"}, "of": {"S": name}})
        added(engine, server, tmp_path, "DynamoDB", name, "--table", name)
    shop = added(engine, server, tmp_path, "CloudFormation", "shop", "--stack", "shop")
    before = seen_table(server, "notes")
    done = back_up(backup, shop)
    assert done["State"] == "COMPLETED" and "StatusMessage" not in done, done
    points = nested(backup, done["RecoveryPointArn"])
    assert set(points) == {None, "Orders", "Inner/Notes"}
    assert restore(backup, points["Inner/Notes"], targetTableName="notes-back")["Status"] == "COMPLETED"
    assert seen_table(server, "notes-back") == before

    # a change set of the nested one alone has its template
    values = json.dumps({"Name": "notes-again"})
    made = restore(backup, points[None], StackName="inner", ChangeSetName="back", StackParameters=values, **{"vaultdeck:nested": "Inner"})
    assert made["Status"] == "COMPLETED", made
    assert stacks.get_template(StackName="inner", ChangeSetName="back", TemplateStage="Original")["TemplateBody"] == INNER
    lost = restore(backup, points[None], StackName="other", **{"vaultdeck:nested": "Nowhere"})
    assert lost["Status"] == "FAILED" and "no template of a nested stack Nowhere" in lost["StatusMessage"], lost
    # and plain restic has it below the outermost one
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    assert engine.restic("restore", "latest", "--path", "/stack", "--target", str(tmp_path / "out"), password=password).returncode == 0
    folder = tmp_path / "out" / "stack"
    assert ((folder / "template.yaml").read_text(), (folder / "nested" / "Inner" / "template.yaml").read_text()) == (outer, INNER)

    # one that went behind the outer one's back makes it partial, and is named
    inner = next(one for one in stacks.list_stack_resources(StackName="shop")["StackResourceSummaries"] if one["LogicalResourceId"] == "Inner")
    stacks.delete_stack(StackName=inner["PhysicalResourceId"])
    deadline = time.monotonic() + 30
    while "notes" in tables.list_tables()["TableNames"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    lacking = back_up(backup, shop)
    assert lacking["State"] == "PARTIAL" and "1 nested stack is not backed up with it" in lacking["StatusMessage"], lacking
    assert "Inner (" in lacking["StatusMessage"] and set(nested(backup, lacking["RecoveryPointArn"])) == {None, "Orders"}
