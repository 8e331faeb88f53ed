"""Access policies of vaults against two other evaluators: Principal Mapper's, where it follows AWS's documentation, and one of our own
that was written from that documentation. Thousands of decisions over seeded policies, asked of the engine and then tried."""

import collections
import collections.abc
import http.client
import json
import os
import random
import socket

import pytest
from botocore.exceptions import ClientError

from policy_judge import Judge, as_list

# Principal Mapper 1.1.5 imports them from where they were before Python 3.10.
collections.Mapping, collections.MutableMapping = collections.abc.Mapping, collections.abc.MutableMapping
from principalmapper.common import Node  # noqa: E402
from principalmapper.querying.local_policy_simulation import ResourcePolicyEvalResult, resource_policy_authorization  # noqa: E402

MEMBER, MANAGEMENT, REGION = "210987654321", "123456789012", "us-east-1"
VAULT = f"arn:aws:backup:{REGION}:{MEMBER}:backup-vault:Default"
POINT = f"arn:aws:backup:{REGION}:{MEMBER}:recovery-point:any"
USER = f"arn:aws:iam::{MEMBER}:user/vaultdeck"
ROLE = f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole"
SESSION = f"arn:aws:sts::{MEMBER}:assumed-role/OrganizationAccountAccessRole/any-session"
STRANGER = f"arn:aws:iam::{MANAGEMENT}:user/vaultdeck"
JOBS = "role/service-role/AWSBackupDefaultServiceRole"
OWN_JOBS, OTHER_JOBS = f"arn:aws:iam::{MEMBER}:{JOBS}", f"arn:aws:iam::{MANAGEMENT}:{JOBS}"
ACTIONS = {
    "backup:DescribeBackupVault": VAULT, "backup:ListTags": VAULT, "backup:StartBackupJob": VAULT, "backup:CopyIntoBackupVault": VAULT,
    "backup:DeleteRecoveryPoint": POINT, "backup:StartRestoreJob": POINT,
}
# What must stay possible, so that the next policy can be put.
KEPT = ["backup:PutBackupVaultAccessPolicy", "backup:DeleteBackupVaultAccessPolicy"]
SEED = int(os.environ.get("VAULTDECK_POLICY_SEED", "20261126"))
POLICIES = int(os.environ.get("VAULTDECK_POLICIES", "300"))


class Socket(http.client.HTTPConnection):
    """The engine's own socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))

    def get(self, path):
        self.request("GET", path)
        answer = self.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200, body
        return body


class Writer:
    """Writes policies from a seed; `plain` ones only of what Principal Mapper reads as AWS documents it."""

    def __init__(self, seed, principals, plain):
        self.random, self.principals, self.plain = random.Random(seed), principals, plain

    def some(self, values, most=3):
        return self.random.sample(values, self.random.randint(1, min(most, len(values))))

    def policy(self):
        version = "2012-10-17" if self.plain or self.random.random() < 0.85 else "2008-10-17"
        statements = [self.statement() for _ in range(self.random.randint(1, 4))]
        return {"Version": version, "Statement": statements[0] if len(statements) == 1 else statements}

    def statement(self):
        draw = self.random.random
        effect = "Deny" if draw() < 0.6 else "Allow"
        statement = {"Effect": effect}
        if effect == "Deny" and not self.plain and draw() < 0.25:
            account = self.some([MEMBER, f"arn:aws:iam::{MEMBER}:root", MANAGEMENT], 2)
            statement["NotPrincipal"] = {"AWS": account + self.some([USER, ROLE, SESSION, OTHER_JOBS], 3)}
        else:
            statement["Principal"] = self.principal()
        if draw() < 0.2:
            statement["NotAction"] = KEPT + self.some(list(ACTIONS))
        else:
            actions = self.some(list(ACTIONS))
            statement["Action"] = actions[0].upper() if len(actions) == 1 and draw() < 0.2 else actions
        statement["NotResource" if draw() < 0.2 else "Resource"] = self.resource()
        if draw() < 0.7:
            statement["Condition"] = self.conditions()
        return statement

    def principal(self):
        if self.random.random() < 0.4:
            return self.random.choice(["*", {"AWS": "*"}])
        named = self.some([MEMBER, f"arn:aws:iam::{MEMBER}:root", MANAGEMENT, USER, ROLE, OWN_JOBS, OTHER_JOBS, STRANGER])
        if not self.plain and self.random.random() < 0.2:
            named.append(SESSION)
        return self.random.choice([{"AWS": named}, {"AWS": named, "Service": "backup.amazonaws.com"}])

    def resource(self):
        return self.random.choice([
            "*", "*", VAULT, [VAULT, POINT], "arn:aws:backup:*:*:recovery-point:*", f"arn:aws:backup:{REGION}:{MEMBER}:backup-vault:D?fau*",
            f"arn:aws:backup:{REGION}:" "${aws:PrincipalAccount}:backup-vault:Default", "arn:aws:backup:${aws:RequestedRegion}:*",
            "arn:aws:ec2:*::snapshot/*",
        ] + ([] if self.plain else ["arn:aws:backup:*:${aws:username, '" + MEMBER + "'}:*", "arn:aws:backup:*:${aws:NoSuch}:*".replace("NoSuch", "username")]))

    def conditions(self):
        made = {}
        for _ in range(self.random.randint(1, 2)):
            operator, keys = self.condition()
            made.setdefault(operator, {}).update(keys)
        return {operator: dict([next(iter(keys.items()))]) for operator, keys in made.items()} if self.plain else made

    def condition(self):
        draw = self.random.random
        kind = self.random.choice(["String", "String", "Arn", "Set", "Bool", "Null", "Numeric"])
        if kind == "String":
            key = self.random.choice(["aws:PrincipalOrgID", "aws:PrincipalAccount", "aws:userid", "aws:username", "AWS:principaltype", "aws:ResourceAccount"])
            operators = ["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIgnoreCase"]
            operators += [] if self.plain else ["StringNotLike", "StringNotEqualsIgnoreCase"]
            operator = self.random.choice(operators) + ("IfExists" if draw() < 0.2 else "")
            values = self.some(self.values(key) + ["AROA*:*", "2109*", "o-*", "??????????????", "nobody", "USER"])
            if not self.plain and draw() < 0.2:
                values.append(self.random.choice(["${aws:PrincipalAccount}", "${aws:ResourceAccount}", "o-${*}", "${aws:username, 'vaultdeck'}"]))
        elif kind == "Arn":
            key = "aws:PrincipalArn"
            operator = self.random.choice(["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"])
            values = self.some(self.values(key) + [f"arn:aws:iam::{MEMBER}:role/*", "arn:aws:iam::*:user/*", "arn:aws:iam::*:role/service-role/*"])
        elif kind == "Set":
            key = self.random.choice(["aws:PrincipalOrgPaths", "backup:CopyTargets"])
            names = ["StringEquals", "StringLike"] if self.plain else ["StringEquals", "StringLike", "StringNotLike", "StringNotEquals"]
            operator = self.random.choice(["ForAnyValue:", "ForAllValues:"]) + self.random.choice(names)
            values = self.some(self.values(key) + ["o-*/r-*/", "o-nothing/*"])
        elif kind == "Bool":
            key, operator, values = "aws:PrincipalIsAWSService", "Bool", [self.random.choice(["true", "false"])]
        elif kind == "Null":
            key, operator = self.random.choice(["aws:username", "backup:MinRetentionDays", "aws:PrincipalArn"]), "Null"
            values = [self.random.choice(["true", "false"])]
        else:
            key = "backup:MinRetentionDays"
            operator = self.random.choice(["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals"]) + ("IfExists" if draw() < 0.3 else "")
            values = [str(self.random.randint(1, 9))]
        return operator, {key: values if len(values) > 1 or draw() < 0.5 else values[0]}

    def values(self, key):
        found = {value for _, keys in self.principals.values() for name, value in keys.items() if name.lower() == key.lower() for value in as_list(value)}
        return sorted(found)


def keys_of(arn, account, kind, organization, user_id=None):
    path = f"{organization}/r-{organization[2:6]}/"
    keys = {
        "aws:PrincipalArn": arn, "aws:PrincipalAccount": account, "aws:PrincipalOrgID": organization, "aws:PrincipalOrgPaths": [path],
        "aws:PrincipalType": kind, "aws:PrincipalIsAWSService": "false", "aws:RequestedRegion": REGION, "aws:ResourceAccount": MEMBER,
        "aws:ResourceOrgID": organization, "aws:ResourceOrgPaths": [path],
    }
    if kind == "User":
        keys["aws:username"] = arn.rsplit("/", 1)[1]
    return {**keys, "aws:userid": user_id} if user_id else keys


@pytest.fixture
def scene(start):
    engine = start()
    engine.run("account", "add", "member", "--id", MEMBER)
    member, sts = engine.client(account=MEMBER), engine.client("sts")
    organization = engine.client("organizations").describe_organization()["Organization"]["Id"]
    assumed = sts.assume_role(RoleArn=ROLE, RoleSessionName="any-session")["AssumedRoleUser"]["AssumedRoleId"]
    own_id = engine.client("sts", account=MEMBER).get_caller_identity()["UserId"]
    other_id = sts.get_caller_identity()["UserId"]
    # By the name under which the engine tells of each: account, keys, and the ARNs of those within the account.
    principals = {
        USER: ((MEMBER, [USER]), keys_of(USER, MEMBER, "User", organization, own_id)),
        ROLE: ((MEMBER, [ROLE, SESSION]), keys_of(ROLE, MEMBER, "AssumedRole", organization, assumed)),
        STRANGER: ((MANAGEMENT, [STRANGER]), keys_of(STRANGER, MANAGEMENT, "User", organization, other_id)),
        OWN_JOBS: ((MEMBER, [OWN_JOBS]), keys_of(OWN_JOBS, MEMBER, "AssumedRole", organization)),
        OTHER_JOBS: ((MANAGEMENT, [OTHER_JOBS]), keys_of(OTHER_JOBS, MANAGEMENT, "AssumedRole", organization)),
    }
    return engine, member, principals


def expected(account, action, decision):
    """What follows from a policy's decision: within the account it can only take away, across accounts only give copies."""
    if account == MEMBER:
        return decision != "Deny"
    return action == "backup:CopyIntoBackupVault" and decision == "Allow"


def principal_mapper(policy, arn, keys, action, resource):
    user = arn.split(":")[5].startswith("user/")
    trust = None if user else {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    node = Node(arn, "AIDAX" if user else "AROAX", None, None, trust, None, 0, False, False, None, False, None)
    answer = resource_policy_authorization(node, MEMBER, policy, action, resource, keys)
    if answer == ResourcePolicyEvalResult.DENY_MATCH:
        return "Deny"
    return None if answer == ResourcePolicyEvalResult.NO_MATCH else "Allow"


def is_permitted(call):
    try:
        call()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException", error
        assert "with an explicit deny in a resource-based policy" in str(error), error
        return False
    return True


def test_the_engine_decides_as_two_other_evaluators_do(scene):
    engine, member, principals = scene
    own_socket = Socket(engine.data / "engine.sock")
    writers = [Writer(SEED, principals, plain=True), Writer(SEED + 1, principals, plain=False)]
    decisions, against, seen = 0, collections.Counter(), collections.Counter()
    for number in range(POLICIES):
        writer = writers[number % 2]
        policy = writer.policy()
        member.put_backup_vault_access_policy(BackupVaultName="Default", Policy=json.dumps(policy))
        for action, resource in ACTIONS.items():
            standings = own_socket.get(f"/_vaultdeck/vaults/{MEMBER}/{REGION}/Default/who-can/{action}")["Standings"]
            told = {one["Principal"]: one["Allowed"] for one in standings if one["Principal"] in principals}
            assert told, standings
            for name, allowed in told.items():
                (account, arns), keys = principals[name]
                judges = {"ours": Judge(account, arns, keys).decide(policy, action, resource)}
                if writer.plain:
                    judges["Principal Mapper"] = principal_mapper(policy, name, keys, action, resource)
                for judge, decision in judges.items():
                    assert expected(account, action, decision) == allowed, f"{judge} says {decision}: {name} {action}\n{json.dumps(policy, indent=1)}"
                    against[judge] += 1
                decisions, seen[(account == MEMBER, allowed)] = decisions + 1, seen[(account == MEMBER, allowed)] + 1
                if name == USER and action == "backup:DescribeBackupVault":
                    assert is_permitted(lambda: member.describe_backup_vault(BackupVaultName="Default")) == allowed, policy
                if name == USER and action == "backup:ListTags":
                    assert is_permitted(lambda: member.list_tags(ResourceArn=VAULT)) == allowed, policy
    assert decisions >= POLICIES * 15 and against["Principal Mapper"] >= POLICIES * 7, against
    # The policies say yes and no, to the account's own and to others.
    assert all(seen[case] > POLICIES / 20 for case in [(True, True), (True, False), (False, True), (False, False)]), seen


def test_what_was_put_is_got_twice_in_a_row_and_gone_when_it_is_taken_away(engine):
    client = engine.client()
    text = '{ "Version":"2012-10-17",\n"Statement":[{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*"}]}'
    client.put_backup_vault_access_policy(BackupVaultName="Default", Policy=text)
    answers = [client.get_backup_vault_access_policy(BackupVaultName="Default") for _ in range(2)]
    assert [answer["Policy"] for answer in answers] == [text, text]
    client.delete_backup_vault_access_policy(BackupVaultName="Default")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_backup_vault_access_policy(BackupVaultName="Default")
