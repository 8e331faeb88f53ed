"""AWS Backup's CloudWatch metrics of an engine, as boto3 reads them: values worked out by hand, under a simulated clock."""

import datetime
import shutil

import botocore.exceptions
import pytest

from conftest import ROLE

DAY = datetime.timedelta(days=1)
BEGIN = datetime.datetime(2035, 1, 10, tzinfo=datetime.timezone.utc)


def query(name, number, *, stat="Sum", period=86400, **dimensions):
    metric = {"Namespace": "AWS/Backup", "MetricName": name, "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]}
    return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


def read(cloudwatch, *queries, until=BEGIN + 9 * DAY, **more):
    """The values of each query, with the day that each is of."""
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=list(queries), StartTime=BEGIN, EndTime=until, ScanBy="TimestampAscending", **more)
    found = {asked["Id"]: [] for asked in queries}
    for page in pages:
        for result in page["MetricDataResults"]:
            found[result["Id"]] += [((at - BEGIN) // DAY, value) for at, value in zip(result["Timestamps"], result["Values"])]
    return [found[asked["Id"]] for asked in queries]


@pytest.fixture
def three_days(simulated, tmp_path):
    """Day 0: two backups of a, one of them into another vault. Day 1: one of a, one of b, whose folder is gone. Day 2: the first point
    of a is deleted."""
    simulated.clock(set=BEGIN.isoformat())
    backup = simulated.client()
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        (folder / "file").write_text("content")
    a, b = [simulated.add_efs(folder.name, folder) for folder in folders]
    backup.create_backup_vault(BackupVaultName="other")

    def start(resource, vault="Default"):
        backup.start_backup_job(BackupVaultName=vault, ResourceArn=resource, IamRoleArn=ROLE)

    start(a)
    start(a, "other")
    simulated.clock(set=(BEGIN + DAY).isoformat())
    shutil.rmtree(folders[1])
    start(a)
    start(b)
    simulated.clock(set=(BEGIN + 2 * DAY).isoformat())
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName="Default")["RecoveryPoints"]
    first = min(points, key=lambda point: point["CreationDate"])
    backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=first["RecoveryPointArn"])
    simulated.clock(set=(BEGIN + 3 * DAY).isoformat())
    return simulated


def test_boto3_reads_counts_by_day_vault_and_type(three_days):
    cloudwatch = three_days.client("cloudwatch")
    found = read(
        cloudwatch,
        query("NumberOfBackupJobsCreated", 0),
        query("NumberOfBackupJobsCompleted", 1, BackupVaultName="Default"),
        query("NumberOfBackupJobsCompleted", 2, BackupVaultName="other", ResourceType="EFS"),
        query("NumberOfBackupJobsFailed", 3, ResourceType="EFS"),
        query("NumberOfRecoveryPointsDeleting", 4, BackupVaultName="Default"),
        query("NumberOfBackupJobsExpired", 5),
        query("NumberOfBackupJobsCreated", 6, stat="Maximum"),
        query("NumberOfBackupJobsCreated", 7, stat="SampleCount"),
    )
    assert found == [
        [(0, 2.0), (1, 2.0)],
        [(0, 1.0), (1, 1.0)],
        [(0, 1.0)],
        [(1, 1.0)],
        [(2, 1.0)],
        [],
        [(0, 2.0), (1, 2.0)],
        [(0, 1.0), (1, 1.0)],
    ]


def test_pages_have_all_of_it_and_counts_are_there_after_a_restart(three_days):
    asked = [query("NumberOfBackupJobsCreated", 0), query("NumberOfBackupJobsCompleted", 1)]
    whole = read(three_days.client("cloudwatch"), *asked)
    assert whole == [[(0, 2.0), (1, 2.0)], [(0, 2.0), (1, 1.0)]]
    three_days.kill()
    three_days.start()
    assert read(three_days.client("cloudwatch"), *asked, PaginationConfig={"PageSize": 1}) == whole


def test_boto3_lists_the_metrics_and_another_account_has_none(three_days):
    cloudwatch = three_days.client("cloudwatch")
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace="AWS/Backup", MetricName="NumberOfBackupJobsFailed")
    listed = [{one["Name"]: one["Value"] for one in metric["Dimensions"]} for page in pages for metric in page["Metrics"]]
    both = {"BackupVaultName": "Default", "ResourceType": "EFS"}
    assert sorted(listed, key=str) == sorted([{}, {"BackupVaultName": "Default"}, {"ResourceType": "EFS"}, both], key=str)
    three_days.run("account", "add", "member", "--id", "210987654321")
    other = three_days.client("cloudwatch", account="210987654321")
    assert other.list_metrics()["Metrics"] == []
    assert read(other, query("NumberOfBackupJobsCreated", 0)) == [[]]


def test_what_boto3_is_refused_has_cloudwatchs_names(three_days):
    cloudwatch = three_days.client("cloudwatch")
    for more, code in [
        ({"EndTime": BEGIN}, "ValidationError"),
        ({"NextToken": "bogus"}, "InvalidNextToken"),
        ({"MetricDataQueries": [{"Id": "e", "Expression": "SUM(METRICS())"}]}, "ValidationError"),
    ]:
        asked = {"MetricDataQueries": [query("NumberOfBackupJobsCreated", 0)], "StartTime": BEGIN, "EndTime": BEGIN + DAY, **more}
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            cloudwatch.get_metric_data(**asked)
        assert refused.value.response["Error"]["Code"] == code, refused.value
