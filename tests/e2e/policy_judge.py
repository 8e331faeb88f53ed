"""A second evaluator of resource-based policies, written from AWS's description of the evaluation logic and in another way than the
engine's: regular expressions and sets, no third value, no positions. It takes policies that the engine has accepted."""

import datetime
import re


def as_list(value):
    return value if isinstance(value, list) else [value]


class Judge:
    """Decides for one principal: `account`, its `arns` (a user's; or a role's and its session's), `keys` by lower-case name."""

    def __init__(self, account, arns, keys):
        self.account, self.arns = account, arns
        self.keys = {name.lower(): as_list(value) for name, value in keys.items()}

    def decide(self, policy, action, resource):
        """`Deny`, `Allow`, or None where no statement is about it."""
        variables = policy.get("Version") == "2012-10-17"
        effects = {statement["Effect"] for statement in as_list(policy["Statement"]) if self.is_about(statement, action, resource, variables)}
        return "Deny" if "Deny" in effects else "Allow" if effects else None

    def is_about(self, statement, action, resource, variables):
        return (self.names_me(statement) and self.names_action(statement, action)
                and self.names_resource(statement, resource, variables)
                and all(self.holds(operator, key, as_list(values), variables)
                        for operator, keys in statement.get("Condition", {}).items() for key, values in keys.items()))

    def names_me(self, statement):
        spared = "NotPrincipal" in statement
        named = statement["NotPrincipal"] if spared else statement["Principal"]
        entries = {"*"} if named == "*" else set(as_list(named.get("AWS", [])))
        mine = {self.account, f"arn:aws:iam::{self.account}:root"}
        if not spared:
            return bool(entries & ({"*", *self.arns} | mine))
        # Spared is only who is named as a user or role, as a session, and with its account.
        return "*" not in entries and not (entries & mine and set(self.arns) <= entries)

    @staticmethod
    def names_action(statement, action):
        def among(name):
            return action.lower() in {text.lower() for text in as_list(statement[name])}
        return among("Action") if "Action" in statement else not among("NotAction")

    def names_resource(self, statement, resource, variables):
        def among(name):
            return any(self.like(text, resource, variables) for text in as_list(statement[name]))
        return among("Resource") if "Resource" in statement else not among("NotResource")

    def expression(self, text, variables, wild=True, flags=0):
        """The regular expression of a text with wildcards and variables; None where a variable has no value."""
        pattern = ""
        for part in re.findall(r"\$\{[^}]*\}|.", text, re.DOTALL):
            if variables and part.startswith("${") and len(part) > 3:
                name, _, otherwise = part[2:-1].partition(",")
                values = self.keys.get(name.strip().lower(), [])
                if name in "*?$":
                    values = [name]
                elif not values and otherwise:
                    values = [otherwise.strip().strip("'")]
                if len(values) != 1:
                    return None
                pattern += re.escape(values[0])
            else:
                pattern += {"*": ".*", "?": "."}.get(part, re.escape(part)) if wild else re.escape(part)
        return re.compile(pattern, re.DOTALL | flags)

    def like(self, text, value, variables):
        expression = self.expression(text, variables)
        return bool(expression and expression.fullmatch(value))

    def equal(self, text, value, variables, flags=0):
        expression = self.expression(text, variables, wild=False, flags=flags)
        return bool(expression and expression.fullmatch(value))

    def arn_like(self, text, value, variables):
        if text == "*":
            return True
        parts, values = re.split(r":(?![^{]*\})", text, maxsplit=5), value.split(":", 5)
        return len(parts) == len(values) and all(self.like(part, one, variables) for part, one in zip(parts, values))

    def holds(self, operator, key, written, variables):
        quantifier, _, base = operator.rpartition(":")
        if_exists, base = base.endswith("IfExists"), base.removesuffix("IfExists")
        values = self.keys.get(key.lower(), [])
        if base == "Null":
            return any((text.lower() == "true") == (not values) for text in map(str, written))
        if not values:
            return if_exists or quantifier == "ForAllValues" or (not quantifier and "Not" in base)
        written = [str(value).lower() if isinstance(value, bool) else str(value) for value in written]
        fits = [any(self.compare(base.replace("Not", ""), text, value, variables) for text in written) != ("Not" in base) for value in values]
        if quantifier == "ForAllValues" or (not quantifier and "Not" in base):
            return all(fits)
        return any(fits)

    def compare(self, base, text, value, variables):
        if base == "StringEquals":
            return self.equal(text, value, variables)
        if base == "StringEqualsIgnoreCase":
            return self.equal(text, value, variables, re.IGNORECASE)
        if base == "StringLike":
            return self.like(text, value, variables)
        if base in ("ArnEquals", "ArnLike"):
            return self.arn_like(text, value, variables)
        if base == "Bool":
            return text.lower() == value.lower()
        read = float if base.startswith("Numeric") else datetime.datetime.fromisoformat
        try:
            found, wanted = read(value), read(text)
        except ValueError:
            return False
        return {"Equals": found == wanted, "LessThan": found < wanted, "LessThanEquals": found <= wanted,
                "GreaterThan": found > wanted, "GreaterThanEquals": found >= wanted}[base.removeprefix("Numeric").removeprefix("Date")]
