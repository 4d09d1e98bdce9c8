"""Apply a file's hunks at once, each located in what its author saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.edits import refusal
from bot.edits.idempotence import find_applied_row, is_fragment_replaced
from bot.edits.locator import locate
from bot.edits.rungs import RUNG_WORDS, Placement, Rung
from bot.edits.splice import Splice, make_splices
from bot.edits.syntax import find_syntax_error
from bot.edits.text import Source, split_lines
from bot.edits.values import EditRefused, Hunk, make_refusal

# Other readings that are tried when the likeliest does not parse: each parses the file once.
_MAX_READINGS = 12


@dataclass(frozen=True)
class PendingHunk:
    """Hunk of an edit by number; hunks of a group follow each other."""

    edit: int
    hunk: Hunk
    group: int | None = None


@dataclass(frozen=True)
class _Step:
    """Hunk with its place, and the readings of its new lines, likeliest first."""

    pending: PendingHunk
    place: Placement
    readings: list[Splice]


def apply_hunks(path: str, text: str, hunks: Sequence[PendingHunk]) -> tuple[str, list[tuple[int, str]]]:
    """Apply hunks; return the text, and for each its edit and a note."""
    source = Source.of(text)
    notes: list[tuple[int, str]] = []
    steps: list[_Step] = []
    # Of equal blocks one counts; equal hunks of one diff are different places.
    unique = {(item.hunk, number if item.group is not None else None): item for number, item in enumerate(hunks)}
    pending = list(unique.values())
    for item in pending:
        _check(path, item, text)
    while pending:
        steps, pending = _place_round(path, source, pending)
        for step in steps:
            rung = RUNG_WORDS[step.place.rung] + (", blank lines differ" if step.place.blanks_differ else "")
            notes.append((step.pending.edit, f"{path}:{step.place.start + 1} ({rung})"))
        source = _apply_readings(path, source, steps)
    fault = find_syntax_error(path, text, source.text)
    if fault is not None:
        blamed = [step.pending.edit for step in steps if step.place.start <= fault[0]] or [steps[0].pending.edit]
        raise refusal.unparsable(path, blamed[-1], source, *fault)
    if source.text == text:
        raise make_refusal("no-op", f"Edit {hunks[0].edit} leaves {path} as it is.", path=path, edit=hunks[0].edit)
    return source.text, notes


def _apply_readings(path: str, source: Source, steps: Sequence[_Step]) -> Source:
    """Apply the steps in the likeliest reading that parses, or the likeliest."""
    likeliest = [step.readings[0] for step in steps]
    result = _splice(source, steps, likeliest)
    others = [(number, reading) for number, step in enumerate(steps) for reading in step.readings[1:]]
    if not others or find_syntax_error(path, source.text, result.text) is None:
        return result
    for number, reading in others[:_MAX_READINGS]:
        attempt = _splice(source, steps, [*likeliest[:number], reading, *likeliest[number + 1 :]])
        if find_syntax_error(path, source.text, attempt.text) is None:
            return attempt
    return result


def _splice(source: Source, steps: Sequence[_Step], chosen: Sequence[Splice]) -> Source:
    end_newlines = [step.pending.hunk.end_newline for step in steps if step.place.stop == len(source.bodies)]
    return source.replace_rows([(s.start, s.stop, list(s.lines)) for s in chosen], next(iter(end_newlines), None))


def _check(path: str, pending: PendingHunk, text: str) -> None:
    """Refuse a hunk that is empty or changes nothing."""
    hunk = pending.hunk
    edit = pending.edit
    if not hunk.search.strip() and text.strip() and not hunk.at_end:
        advice = "Say which lines to replace; to add code, search for the line next to it and repeat that line."
        raise make_refusal(
            "empty-search",
            f"Edit {edit}: the search for {path} is empty but the file is not. {advice}",
            path=path,
            edit=edit,
        )
    if split_lines(hunk.search) == split_lines(hunk.replace) and hunk.end_newline is None:
        raise make_refusal(
            "no-op",
            f"Edit {edit}: search and replacement for {path} are the same. Leave it out or say what changes.",
            path=path,
            edit=edit,
        )


def _place_round(path: str, source: Source, pending: Sequence[PendingHunk]) -> tuple[list[_Step], list[PendingHunk]]:
    """Place what can be; return it in file order, and what has to wait."""
    steps: list[_Step] = []
    later: list[PendingHunk] = []
    located = [_locate(source, item.hunk) for item in pending]
    places = _choose_in_order(pending, [found for _, found in located])
    for item, (hunk, _), found in zip(pending, located, places, strict=True):
        if len(found) > 1:
            raise refusal.ambiguous(path, item.edit, source, found)
        if not found or any(found[0].start < step.place.stop and step.place.start < found[0].stop for step in steps):
            later.append(item)
            continue
        steps.append(_make_step(path, source, item, hunk, found[0]))
    if not steps:
        raise refusal.not_found(path, later[0].edit, source, later[0].hunk)
    return sorted(steps, key=lambda step: step.place.start), later


def _locate(source: Source, hunk: Hunk) -> tuple[Hunk, list[Placement]]:
    if not hunk.search.strip():
        return replace(hunk, search=""), [Placement(Rung.EXACT, ((len(source.bodies),) * 2,))]
    return locate(source, hunk)


def _choose_in_order(pending: Sequence[PendingHunk], found: list[list[Placement]]) -> list[list[Placement]]:
    """Choose the only places in which a group's hunks follow each other."""
    for group in {item.group for item in pending} - {None}:
        members = [number for number, item in enumerate(pending) if item.group == group and found[number]]
        if any(len(found[number]) > 1 for number in members):
            chosen = _only_chain([found[number] for number in members])
            for number, place in zip(members, chosen or (), strict=bool(chosen)):
                found[number] = [place]
    return found


def _only_chain(choices: list[list[Placement]]) -> list[Placement] | None:
    """Take a place from each list so that they follow; None if not unique."""
    chains: list[list[Placement]] = [[]]
    for places in choices:
        # Two chains to the same last place are enough to see that there is more than one.
        longer = [[*chain, place] for chain in chains for place in places if not chain or chain[-1].stop <= place.start]
        ends: dict[int, int] = {}
        chains = []
        for chain in longer:
            ends[chain[-1].start] = ends.get(chain[-1].start, 0) + 1
            if ends[chain[-1].start] <= 2:
                chains.append(chain)
    return chains[0] if len(chains) == 1 else None


def _make_step(path: str, source: Source, pending: PendingHunk, hunk: Hunk, place: Placement) -> _Step:
    try:
        readings = make_splices(source, hunk, place)
    except EditRefused as error:
        raise error.with_place(path, pending.edit) from error
    inside = place.columns and is_fragment_replaced(source.joined, hunk, place.columns)
    row = place.start if inside else find_applied_row(source, place, readings[0])
    if row is not None:
        raise refusal.already_applied(path, pending.edit, row)
    return _Step(pending, place, readings)
