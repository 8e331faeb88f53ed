"""Holds every answer of the engine against botocore's model of the service: no unknown member, no wrong type."""

import json


# What AWS may answer to any call, whatever the model of the operation lists.
COMMON = {"AccessDeniedException", "ValidationException", "SerializationException", "ThrottlingException", "UnrecognizedClientException",
          "ExpiredTokenException", "InvalidSignatureException", "IncompleteSignatureException", "MissingAuthenticationTokenException",
          "RequestEntityTooLargeException", "RequestTimeoutException"}


def check_refusal(http_response, parsed, model, **_):
    """An `after-call` handler of botocore; raises where a refusal is none of those that the operation's model lists."""
    if http_response.status_code < 300 or model.service_model.service_name != "backup":
        return
    listed = {shape.name for shape in model.error_shapes}
    code = parsed["Error"]["Code"]
    assert code in listed | COMMON, f"{model.name} answers {code}: {parsed['Error']['Message']}; the model lists {sorted(listed)}"


def check_answer(http_response, parsed, model, **_):
    """An `after-call` handler of botocore; raises where the raw body of a JSON answer is not what the model says."""
    metadata = model.service_model.metadata
    if metadata["protocol"] not in ("rest-json", "json") or http_response.status_code >= 300:
        return
    body = http_response.content
    if model.output_shape is None or not body:
        return
    document = json.loads(body)
    check(model.output_shape, document, model.name)
    for member in model.output_shape.required_members:
        assert member in document, f"{model.name}: required member {member} is absent"


def check(shape, value, where):
    """Fail unless `value` has the form of `shape`."""
    if value is None:
        return
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(value, dict), f"{where}: not an object: {value!r}"
        names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        for name, inner in value.items():
            assert name in names, f"{where}: unknown member {name}"
            check(names[name][1], inner, f"{where}.{name}")
    elif kind == "list":
        assert isinstance(value, list), f"{where}: not a list: {value!r}"
        for index, inner in enumerate(value):
            check(shape.member, inner, f"{where}[{index}]")
    elif kind == "map":
        assert isinstance(value, dict), f"{where}: not a map: {value!r}"
        for name, inner in value.items():
            check(shape.value, inner, f"{where}[{name!r}]")
    else:
        expected = {"string": str, "boolean": bool, "integer": int, "long": int, "timestamp": (int, float), "double": (int, float),
                    "float": (int, float)}.get(kind)
        assert expected is None or (isinstance(value, expected) and (kind == "boolean" or not isinstance(value, bool))), f"{where}: {value!r} is no {kind}"
        if kind == "string" and getattr(shape, "enum", None) and not shape.name.endswith("State"):
            assert value in shape.enum, f"{where}: {value!r} is none of {shape.enum}"
