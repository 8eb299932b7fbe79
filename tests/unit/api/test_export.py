"""What the dashboard's types are generated from does not drift from the code."""

import jsonschema
import pytest

from api.export import LIVE, OPENAPI, TARGET, live, openapi, written

SINCE = "2026-01-01T00:00:00Z"
LINKS = {"broker": True, "broker_since": SINCE, "database": True, "database_since": SINCE, "database_refuses": None}
STATE = LINKS | {"failing": ["board"], "failing_since": SINCE}


@pytest.mark.parametrize(("name", "document"), [(OPENAPI, openapi), (LIVE, live)])
def test_the_committed_file_is_what_the_code_says(name: str, document: object) -> None:
    assert callable(document)
    assert (TARGET / name).read_text(encoding="utf-8") == written(document()), "run python -m api.export"


def test_writing_it_twice_gives_the_same_bytes() -> None:
    assert written(openapi()) == written(openapi())
    assert written(live()) == written(live())


def test_every_answer_has_a_shape_and_every_error_is_a_problem() -> None:
    for path, operations in openapi()["paths"].items():
        for method, operation in operations.items():
            problem = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/Problem"}, (path, method)


@pytest.mark.parametrize(
    ("message", "valid"),
    [
        ({"type": "pong", "seq": 3, "number": 7, "server_time": "2026-01-01T00:00:00Z"}, True),
        ({"type": "hello", "seq": 1, "server_time": "2026-01-01T00:00:00Z", "version": "0.1.0"}, True),
        ({"type": "ping", "number": 7}, True),
        ({"type": "ping"}, False),
        ({"type": "pong", "number": 7}, False),
        ({"type": "acknowledge"}, False),
    ],
)
def test_the_schema_tells_messages_from_nonsense(message: dict[str, object], valid: bool) -> None:
    schema = live()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid(message) is valid


def test_every_reference_leads_somewhere() -> None:
    schema = live()
    names = set(schema["$defs"])
    for part in written(schema).split('"$ref": "#/$defs/')[1:]:
        assert part.split('"')[0] in names
