"""All hunks of one file together: each located in the text its author saw, then all applied at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.edits import refusal
from bot.edits.already import inside_already, there_already
from bot.edits.locate import locate
from bot.edits.rungs import RUNG_WORDS, Placement, Rung
from bot.edits.splice import Splice, splices
from bot.edits.syntax import broken_by
from bot.edits.text import Source, split_lines
from bot.edits.values import EditRefused, Hunk, refused

_MAX_READINGS = 12


@dataclass(frozen=True)
class Wanted:
    """A hunk, the number of the edit it belongs to, and its group: hunks of one group follow each other in the file."""

    edit: int
    hunk: Hunk
    group: int | None = None


@dataclass(frozen=True)
class _Step:
    wanted: Wanted
    place: Placement
    readings: list[Splice]


def changed(path: str, text: str, wanted: Sequence[Wanted]) -> tuple[str, list[tuple[int, str]]]:
    """Return (the new text, a note for each hunk with its edit's number). Raises EditRefused."""
    source = Source.of(text)
    notes: list[tuple[int, str]] = []
    steps: list[_Step] = []
    pending = [_checked(path, item, text) for item in _once(wanted)]
    while pending:
        steps, pending = _round(path, source, pending)
        notes += [(step.wanted.edit, _note(path, step)) for step in steps]
        source = _best_reading(path, source, steps)
    fault = broken_by(path, text, source.text)
    if fault is not None:
        blamed = [step.wanted.edit for step in steps if step.place.start <= fault[0]] or [steps[0].wanted.edit]
        raise refusal.unparsable(path, blamed[-1], source, *fault)
    if source.text == text:
        raise refused("no-op", f"Edit {wanted[0].edit} leaves {path} as it is.", path=path, edit=wanted[0].edit)
    return source.text, notes


def _once(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Without the blocks that were written twice; equal hunks of one diff are different places."""
    kept = {(item.hunk, number if item.group is not None else None): item for number, item in enumerate(wanted)}
    return list(kept.values())


def _note(path: str, step: _Step) -> str:
    blanks = ", blank lines differ" if step.place.blanks_differ else ""
    return f"{path}:{step.place.start + 1} ({RUNG_WORDS[step.place.rung]}{blanks})"


def _best_reading(path: str, source: Source, steps: Sequence[_Step]) -> Source:
    """Apply the steps in their likeliest reading, or with one of them read otherwise where only that parses."""
    likeliest = [step.readings[0] for step in steps]
    result = _spliced(source, steps, likeliest)
    others = [(number, reading) for number, step in enumerate(steps) for reading in step.readings[1:]]
    if not others or broken_by(path, source.text, result.text) is None:
        return result
    for number, reading in others[:_MAX_READINGS]:
        attempt = _spliced(source, steps, [*likeliest[:number], reading, *likeliest[number + 1 :]])
        if broken_by(path, source.text, attempt.text) is None:
            return attempt
    return result


def _spliced(source: Source, steps: Sequence[_Step], chosen: Sequence[Splice]) -> Source:
    wishes = [step.wanted.hunk.end_newline for step in steps if step.place.stop == len(source.bodies)]
    return source.spliced([(s.start, s.stop, list(s.lines)) for s in chosen], next(iter(wishes), None))


def _checked(path: str, wanted: Wanted, text: str) -> Wanted:
    hunk, edit = wanted.hunk, wanted.edit
    if not hunk.search.strip() and text.strip() and not hunk.at_end:
        advice = "Say which lines to replace; to add code, search for the line next to it and repeat that line."
        raise refused(
            "empty-search",
            f"Edit {edit}: the search for {path} is empty but the file is not. {advice}",
            path=path,
            edit=edit,
        )
    if split_lines(hunk.search) == split_lines(hunk.replace) and hunk.end_newline is None:
        raise refused(
            "no-op",
            f"Edit {edit}: search and replacement for {path} are the same. Leave it out or say what changes.",
            path=path,
            edit=edit,
        )
    return wanted


def _round(path: str, source: Source, pending: Sequence[Wanted]) -> tuple[list[_Step], list[Wanted]]:
    """Return what can be placed at once, and what must wait because it overlaps that or is not there yet."""
    steps: list[_Step] = []
    later: list[Wanted] = []
    located = [_located(source, item.hunk) for item in pending]
    places = _in_order(pending, [found for _, found in located])
    for wanted, (hunk, _), found in zip(pending, located, places, strict=True):
        if len(found) > 1:
            raise refusal.ambiguous(path, wanted.edit, source, found)
        if not found or any(_overlap(found[0], step.place) for step in steps):
            later.append(wanted)
            continue
        steps.append(_step(path, source, wanted, hunk, found[0]))
    if not steps:
        raise refusal.not_found(path, later[0].edit, source, later[0].hunk)
    return sorted(steps, key=lambda step: step.place.start), later


def _located(source: Source, hunk: Hunk) -> tuple[Hunk, list[Placement]]:
    if not hunk.search.strip():
        return replace(hunk, search=""), [Placement(Rung.EXACT, ((len(source.bodies),) * 2,))]
    return locate(source, hunk)


def _overlap(one: Placement, other: Placement) -> bool:
    return one.start < other.stop and other.start < one.stop


def _in_order(pending: Sequence[Wanted], found: list[list[Placement]]) -> list[list[Placement]]:
    """Where hunks of a group fit several places, keep the only way in which they follow each other, if there is one."""
    for group in {item.group for item in pending} - {None}:
        members = [number for number, item in enumerate(pending) if item.group == group and found[number]]
        if any(len(found[number]) > 1 for number in members):
            chosen = _only_chain([found[number] for number in members])
            for number, place in zip(members, chosen or (), strict=bool(chosen)):
                found[number] = [place]
    return found


def _only_chain(choices: list[list[Placement]]) -> list[Placement] | None:
    """Return the only way to take a place from each list so that they follow each other; else None."""
    chains: list[list[Placement]] = [[]]
    for places in choices:
        # two ways to the same last place stay two ways, so three of a kind are never needed
        longer = [[*chain, place] for chain in chains for place in places if not chain or chain[-1].stop <= place.start]
        ends: dict[int, int] = {}
        chains = []
        for chain in longer:
            ends[chain[-1].start] = ends.get(chain[-1].start, 0) + 1
            if ends[chain[-1].start] <= 2:
                chains.append(chain)
    return chains[0] if len(chains) == 1 else None


def _step(path: str, source: Source, wanted: Wanted, hunk: Hunk, place: Placement) -> _Step:
    try:
        readings = splices(source, hunk, place)
    except EditRefused as error:
        raise error.with_place(path, wanted.edit) from error
    inside = place.columns and inside_already(source.joined, hunk, place.columns)
    row = place.start if inside else there_already(source, place, readings[0])
    if row is not None:
        raise refusal.already_applied(path, wanted.edit, row)
    return _Step(wanted, place, readings)
