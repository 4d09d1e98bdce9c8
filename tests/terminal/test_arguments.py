"""Options are made of what the API takes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import click
import pytest

from bot.doors.api.catalogue import asked_for
from bot.doors.api.starting import make_body
from bot.terminal.arguments import given_of, options_of
from bot.terminal.run import run
from bot.types import JsonModel
from bot.work.origin import TaskInput
from handlers import TASKS

SPECS = {spec.name: spec for spec in asked_for(TASKS)}


class Depth(StrEnum):
    """How far to look."""

    NEAR = "near"
    FAR = "far"


class Everything(TaskInput):
    """A field of each kind."""

    text: str
    how_often: int = 1
    share: float | None = None
    full: bool = False
    depth: Depth = Depth.NEAR
    style: Literal["plain", "fancy"] | None = None
    paths: tuple[str, ...] = ()
    numbers: list[int] | None = None


def read(model: type[JsonModel], *argv: str) -> dict[str, Any]:
    """Return what the API would be sent."""
    fields = model.model_fields
    command = click.Command("x", params=[*options_of(fields)])
    return given_of(fields, command.make_context("x", list(argv)).params)


@pytest.mark.parametrize("name", SPECS)
def test_a_command_takes_what_the_api_takes(name: str) -> None:
    command = run.get_command(click.Context(run), name)
    assert command is not None
    options = {param.name: param for param in command.params}
    fields = {
        key: each for key, each in make_body(SPECS[name]).model_fields.items() if key not in {"repository", "number"}
    }
    assert set(fields) <= set(options)
    for key, field in fields.items():
        assert options[key].required == field.is_required()
        if field.description:
            assert field.description[1:] in str(options[key].help)  # type: ignore[attr-defined]
    subjects = SPECS[name].subjects
    assert ("issue" in options, "pull" in options) == ("issue" in subjects, "pull" in subjects)


def test_fields_of_every_kind_come_back_as_they_are() -> None:
    assert read(Everything, "--text", "a") == {"text": "a"}
    argv = ["--text", "a b", "--how-often", "3", "--share", "0.5", "--full", "--depth", "far", "--style", "fancy"]
    given = read(Everything, *argv, "--paths", "a", "--paths", "b", "--numbers", "1")
    assert given == {
        "text": "a b",
        "how_often": 3,
        "share": 0.5,
        "full": True,
        "depth": "far",
        "style": "fancy",
        "paths": ["a", "b"],
        "numbers": [1],
    }
    assert Everything.model_validate(given).model_dump(mode="json") == given


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "Missing option '--text'"),
        (["--text", "a", "--how-often", "x"], "not a valid integer"),
        (["--text", "a", "--depth", "deep"], "not one of"),
    ],
)
def test_what_does_not_fit_is_refused(argv: list[str], said: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        read(Everything, *argv)
    assert said in refused.value.format_message()


def test_a_field_that_no_option_can_say_is_found_when_it_is_declared() -> None:
    class Nested(TaskInput):
        more: dict[str, str]

    with pytest.raises(TypeError, match="more: no option can say"):
        options_of(Nested.model_fields)
