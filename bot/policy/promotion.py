"""Move a repository from the pilot to ``on`` in an organisation's file."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

import yaml

from bot.policy.organisation import OrganisationFile, parse_organisation
from bot.policy.sections import FILE
from bot.types import ForgehandError

_PLAIN = re.compile(r"[A-Za-z][\w.-]*")
_WORDS = frozenset({"on", "off", "yes", "no", "true", "false", "null", "y", "n"})


class NotInPilot(ForgehandError):
    """A repository that cannot be promoted, and why."""


def promote(text: str, name: str, tasks: Collection[str]) -> str:
    """Return the file with the repository in ``on``, not in ``pilot``.

    A pattern in ``pilot`` stays: ``on`` goes before it. Raises PolicyError for a file that is wrong, and
    :class:`NotInPilot`.
    """
    before = parse_organisation(text, tasks)
    stage = before.stages.find(name)
    if stage != "pilot":
        raise NotInPilot(f"{name} is not in the pilot: by {FILE} it is {stage}.")
    stages = _child(yaml.compose(text, Loader=yaml.SafeLoader), "stages")
    pilot = _child(stages, "pilot")
    assert isinstance(pilot, yaml.SequenceNode), "it is in the pilot"
    present = _child(stages, "on")
    edits = [_edit_out(text, pilot, name)]
    if isinstance(present, yaml.SequenceNode):
        edits.append(_edit_in(text, present, name))
    else:
        edits.append(_edit_key(stages, name))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    _check(before, parse_organisation(text, tasks), name)
    return text


Edit = tuple[int, int, str]
"""From which character to which the text becomes another."""


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _edit_out(text: str, pilot: yaml.SequenceNode, name: str) -> Edit:
    kept = [item.value for item in pilot.value if item.value.casefold() != name.casefold()]
    if len(kept) == len(pilot.value):
        return pilot.start_mark.index, pilot.start_mark.index, ""
    if pilot.flow_style or not kept:
        return pilot.start_mark.index, _end_of(pilot), _write(kept)
    item = next(item for item in pilot.value if item.value.casefold() == name.casefold())
    line = text.rfind("\n", 0, item.start_mark.index) + 1
    following = text.find("\n", item.end_mark.index) + 1
    if item is pilot.value[0]:  # the list begins at its dash: the next item takes the place
        return item.start_mark.index, pilot.value[1].start_mark.index, ""
    return line, following or len(text), ""


def _edit_in(text: str, present: yaml.SequenceNode, name: str) -> Edit:
    if present.flow_style or not present.value:
        listed = [item.value for item in present.value]
        return present.start_mark.index, _end_of(present), _write([*listed, name])
    last = present.value[-1]
    start = text.rfind("\n", 0, last.start_mark.index) + 1
    head = text[start : last.start_mark.index]
    indent = head if not head.strip("- ") else " " * present.start_mark.column + "- "
    return last.end_mark.index, last.end_mark.index, f"\n{indent}{_quote(name)}"


def _edit_key(stages: yaml.Node | None, name: str) -> Edit:
    assert isinstance(stages, yaml.MappingNode), "it has a pilot"
    first = stages.value[0][0].start_mark
    end = ", " if stages.flow_style else "\n" + " " * first.column
    return first.index, first.index, f"on: {_write([name])}{end}"


def _end_of(node: yaml.SequenceNode) -> int:
    """Return where a list ends; a block's own mark is at the next key."""
    return node.end_mark.index if node.flow_style else node.value[-1].end_mark.index


def _write(names: list[str]) -> str:
    return f"[{', '.join(_quote(name) for name in names)}]"


def _quote(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name.lower() not in _WORDS else json.dumps(name)


def _check(before: OrganisationFile, after: OrganisationFile, name: str) -> None:
    """Make sure that nothing else was changed by editing the text."""
    same = before.model_dump(exclude={"stages"}) == after.model_dump(exclude={"stages"})
    others = [*(before.stages.pilot or ()), *(before.stages.on or ()), *before.stages.paused]
    stay = all(
        before.stages.find(other) == after.stages.find(other) for other in others if other.casefold() != name.casefold()
    )
    if not same or not stay or after.stages.find(name) != "on":
        raise NotInPilot(f"{FILE} is written in a way that cannot be edited safely; move {name} by hand.")
