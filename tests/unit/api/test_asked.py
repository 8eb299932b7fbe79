"""No text that people send holds a NUL; what the api says itself is not looked at."""

import inspect

import pytest
from pydantic import ValidationError

from api import listings, shapes
from api.shapes import Asked, CauseChoice, Decline, Login, Note

ASKED = [one for module in (shapes, listings) for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, Asked)]


@pytest.mark.parametrize("kind", [one for one in ASKED if any(field.annotation is str for field in one.model_fields.values())])
def test_a_nul_in_any_text_is_said(kind: type[Asked]) -> None:
    for name, field in kind.model_fields.items():
        if field.annotation is str:
            with pytest.raises(ValidationError, match=f"{name}: expected no NUL"):
                kind.model_validate({name: "a\0b"})


def test_other_control_characters_and_other_types_pass() -> None:
    assert Note(note="first\nsecond\t守望").note == "first\nsecond\t守望"
    assert CauseChoice(cause="false_alarm").note == ""
    wrongs: list[object] = [[], "text", None, {"why": 3}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            Decline.model_validate(wrong)


def test_every_body_that_people_send_is_looked_at() -> None:
    assert Login in ASKED
    assert len({one.__name__ for one in ASKED} - {"Asked"}) >= 9
