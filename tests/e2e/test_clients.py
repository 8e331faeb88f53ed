"""Clients that nobody here wrote: they do their work on the engine as on AWS, and doing it twice changes nothing."""

import json
import os
import pathlib
import subprocess

import botocore
import pytest

from conftest import ACCOUNT, REGION, ROLE

PROGRAMS = pathlib.Path(os.environ.get("VAULTDECK_PYTHON", ".venv/bin/python")).parent
CUSTODIAN = os.environ.get("VAULTDECK_CUSTODIAN", ".venv/custodian/bin/custodian")

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/amazon.aws.aws:
      endpoint_url: "{{ lookup('env', 'AWS_ENDPOINT_URL') }}"
      region: us-east-1
  tasks:
    - amazon.aws.backup_vault:
        backup_vault_name: nightly
        tags: {env: prod}
      register: backup_vault
    - amazon.aws.backup_plan:
        backup_plan_name: daily
        rules:
          - rule_name: daily
            target_backup_vault_name: nightly
            schedule_expression: cron(0 5 * * ? *)
            start_window_minutes: 60
            completion_window_minutes: 120
            lifecycle: {delete_after_days: 35}
        tags: {env: prod}
        purge_tags: false
      register: backup_plan
    - amazon.aws.backup_selection:
        selection_name: production
        backup_plan_name: daily
        iam_role_arn: %(role)s
        resources: ["*"]
        conditions:
          string_equals:
            - condition_key: aws:ResourceTag/env
              condition_value: prod
      register: backup_selection
    - amazon.aws.backup_tag:
        resource: "{{ backup_plan.backup_plan_arn }}"
        tags: {owner: ops}
        purge_tags: false
      register: backup_tag
    - amazon.aws.backup_vault_info: {backup_vault_names: [nightly]}
      register: backup_vault_info
    - amazon.aws.backup_plan_info: {backup_plan_names: [daily]}
      register: backup_plan_info
    - amazon.aws.backup_selection_info: {backup_plan_name: daily}
      register: backup_selection_info
    - amazon.aws.backup_tag_info:
        resource: "{{ backup_plan.backup_plan_arn }}"
      register: backup_tag_info
    - ansible.builtin.copy:
        dest: told.json
        content: "{{ {'backup_vault': backup_vault, 'backup_plan': backup_plan, 'backup_selection': backup_selection, 'backup_tag': backup_tag,
          'backup_vault_info': backup_vault_info, 'backup_plan_info': backup_plan_info, 'backup_selection_info': backup_selection_info,
          'backup_tag_info': backup_tag_info} | to_json }}"
""" % {"role": ROLE}

POLICIES = {"policies": [
    {"name": name, "resource": f"aws.{kind}", "filters": [{"tag:owner": "absent"}], "actions": [{"type": "tag", "tags": {"owner": "ops"}}]}
    for name, kind in (("vaults", "backup-vault"), ("plans", "backup-plan"))
]}


@pytest.fixture
def environment(engine, tmp_path):
    """What a program needs to find the engine in AWS's place."""
    keys = engine.credentials()
    return {**engine.environment, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "AWS_ENDPOINT_URL": engine.url, "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"]}


def run(*command, environment, cwd):
    done = subprocess.run(command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def ansible(environment, tmp_path):
    """Runs the playbook; what each module told."""
    (tmp_path / "playbook.yml").write_text(PLAYBOOK)
    more = {"ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"], "ANSIBLE_HOME": str(tmp_path / "ansible"), "LC_ALL": "C.UTF-8"}
    interpreter = f"ansible_python_interpreter={PROGRAMS / 'python'}"
    command = [str(PROGRAMS / "ansible-playbook"), "-i", "localhost,", "-c", "local", "playbook.yml", "-e", interpreter]
    run(*command, environment={**environment, **more}, cwd=tmp_path)
    return json.loads((tmp_path / "told.json").read_text())


def test_ansibles_backup_modules_change_nothing_when_they_run_again(engine, environment, tmp_path):
    first = ansible(environment, tmp_path)
    changed = {name for name, told in first.items() if told["changed"]}
    assert changed == {"backup_vault", "backup_plan", "backup_selection", "backup_tag"}
    client = engine.client()
    plan = client.list_backup_plans()["BackupPlansList"][0]["BackupPlanId"]
    selection = client.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    told = ansible(environment, tmp_path)
    assert {name for name, answer in told.items() if answer["changed"]} == set()
    assert client.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"] == selection, "the same selection, not a new one"
    assert told["backup_vault_info"]["backup_vaults"][0]["tags"] == {"env": "prod"}
    assert told["backup_plan_info"]["backup_plans"][0]["backup_plan_name"] == "daily"
    assert told["backup_tag_info"]["tags"] == {"env": "prod", "owner": "ops"}


def test_cloud_custodian_tags_what_has_no_owner_and_finds_nothing_then(engine, environment, tmp_path, small_tree):
    resource = engine.add_efs("projects", small_tree, "env=prod")
    client = engine.client()
    rule = {"RuleName": "daily", "TargetBackupVaultName": "Default"}
    plan = client.create_backup_plan(BackupPlan={"BackupPlanName": "daily", "Rules": [rule]}, BackupPlanTags={"env": "prod"})
    (tmp_path / "policies.json").write_text(json.dumps(POLICIES))

    def found():
        run(CUSTODIAN, "run", "-s", "out", "--cache-period", "0", "policies.json", environment=environment, cwd=tmp_path)
        return {path.parent.name: len(json.loads(path.read_text())) for path in tmp_path.glob("out/*/resources.json")}

    assert found() == {"vaults": 1, "plans": 1}
    vault = f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:Default"
    assert client.list_tags(ResourceArn=vault)["Tags"] == {"owner": "ops"}
    assert client.list_tags(ResourceArn=plan["BackupPlanArn"])["Tags"] == {"env": "prod", "owner": "ops"}
    assert set(found().values()) == {0}
    assert client.list_tags(ResourceArn=resource)["Tags"] == {"env": "prod"}


def test_the_aws_command_line_lists_tags_and_waits_as_on_aws(engine, environment, tmp_path, small_tree):
    resource = engine.add_efs("projects", small_tree, "env=prod")

    def aws(*arguments):
        done = run(str(PROGRAMS / "aws"), *arguments, "--output", "json", environment=environment, cwd=tmp_path)
        return json.loads(done.stdout or "{}")

    vault = aws("backup", "create-backup-vault", "--backup-vault-name", "nightly", "--backup-vault-tags", "env=prod")
    assert aws("backup", "list-tags", "--resource-arn", vault["BackupVaultArn"])["Tags"] == {"env": "prod"}
    job = aws("backup", "start-backup-job", "--backup-vault-name", "nightly", "--resource-arn", resource, "--iam-role-arn", ROLE)
    while (state := aws("backup", "describe-backup-job", "--backup-job-id", job["BackupJobId"])["State"]) not in ("COMPLETED", "FAILED"):
        pass
    assert state == "COMPLETED"
    points = aws("backup", "list-recovery-points-by-backup-vault", "--backup-vault-name", "nightly", "--page-size", "1")["RecoveryPoints"]
    assert [point["ResourceArn"] for point in points] == [resource]
    tagged = aws("resourcegroupstaggingapi", "get-resources", "--tag-filters", "Key=env,Values=prod")["ResourceTagMappingList"]
    assert {vault["BackupVaultArn"], resource} <= {row["ResourceARN"] for row in tagged}
    assert aws("resourcegroupstaggingapi", "get-tag-keys")["TagKeys"] == ["env"]
    aws("backup", "delete-recovery-point", "--backup-vault-name", "nightly", "--recovery-point-arn", points[0]["RecoveryPointArn"])
    aws("backup", "delete-backup-vault", "--backup-vault-name", "nightly")


def test_every_region_of_aws_is_known_and_no_other(engine):
    folder = pathlib.Path(botocore.__file__).parent / "data/partitions.json"
    partitions = json.loads(folder.read_text())["partitions"]
    regions = [name for partition in partitions for name in partition["regions"] if "global" not in name]
    assert len(regions) > 40
    for region in regions:
        assert engine.client(region=region).list_backup_vaults()["BackupVaultList"] == [] or region == REGION, region
    with pytest.raises(botocore.exceptions.ClientError, match="nearest names are us-east-1"):
        engine.client(region="us-eats-1").list_backup_vaults()
