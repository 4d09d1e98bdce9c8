"""For any file, any unique slice and any permitted damage: exactly the intended file, or a refusal."""

from __future__ import annotations

import difflib
import gc
import time
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.edits_damage import DAMAGES, blanks_dropped
from bot.edits import Edit, EditError, EditRefused, apply, make_edit, parse
from tests.edits.fuzz import SEEDS, attack, mutated
from tests.edits.helpers import run

INDENT = st.sampled_from(["", "    ", "        "])
WORD = st.text("abxy_(){}:=#\"'.–\u00a0é", min_size=1, max_size=6).filter(
    lambda word: word.strip() == word and word.strip(".# ")
)
LINE = st.one_of(st.just(""), st.builds(str.__add__, INDENT, WORD))
LINES = st.lists(LINE, min_size=1, max_size=25)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _keys(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]


def _count(part: list[str], whole: list[str]) -> int:
    part, whole = _keys(part), _keys(whole)
    return sum(whole[at : at + len(part)] == part for at in range(len(whole) - len(part) + 1))


@st.composite
def slices(draw: st.DrawFn) -> tuple[list[str], int, int, list[str]]:
    """A file, a slice of it that occurs once whatever the blanks, and what shall stand there."""
    lines, new = draw(LINES), draw(LINES)
    start = draw(st.integers(0, len(lines) - 1))
    stop = draw(st.integers(start + 1, len(lines)))
    old = lines[start:stop]
    assume(_keys(old) and _count(old, lines) == 1 and old != new)
    return lines, start, stop, new


def _done(lines: list[str], old: str, new: str) -> str | None:
    """The new file, None where the edit is refused."""
    try:
        return run(make_edit("f.txt", old, new), {"f.txt": _text(lines)})["f.txt"]
    except EditRefused as error:
        if error.detail("reason") not in ("already-applied", "no-op"):
            raise
        return None


@given(slices())
def test_an_exact_slice_gives_exactly_the_intended_file(case: tuple[list[str], int, int, list[str]]) -> None:
    lines, start, stop, new = case
    done = _done(lines, _text(lines[start:stop]), _text(new))
    assert done in (None, _text(lines[:start] + new + lines[stop:]))


@given(slices(), st.sampled_from(["trailing", "crlf", "shift", "outdent"]), st.integers(1, 9))
def test_a_damaged_slice_gives_exactly_the_intended_file(
    case: tuple[list[str], int, int, list[str]], damage: str, width: int
) -> None:
    lines, start, stop, new = case
    old = lines[start:stop]
    wanted = _text(lines[:start] + new + lines[stop:])
    assume("\u00a0" not in "".join(new + old))
    if damage == "trailing":
        old = [line + " " * (width % 3) for line in old]
    elif damage == "crlf":
        old, new = [line + "\r" for line in old], [line + "\r" for line in new]
    elif damage == "shift":
        old, new = ([" " * width + line if line else line for line in part] for part in (old, new))
    else:
        least = min(len(line) - len(line.lstrip()) for line in old + new if line.strip())
        old, new = ([line[least:] for line in part] for part in (old, new))
    # an undamaged place elsewhere that now fits exactly is what the model wrote; it is unique by the assumption above
    assert _done(lines, _text(old), _text(new)) in (None, wanted)


@given(slices(), st.integers(1, 7))
def test_where_damage_makes_two_places_equally_good_it_is_refused(
    case: tuple[list[str], int, int, list[str]], width: int
) -> None:
    lines, start, stop, new = case
    old = lines[start:stop]
    twice = lines + ["-----"] + [" " * 16 + line if line else line for line in old]
    shifted = [" " * (24 + width) + line if line else line for line in old]
    assume(_count(old, twice) == 2)
    with pytest.raises(EditRefused) as caught:
        run(make_edit("f.txt", _text(shifted), _text(new)), {"f.txt": _text(twice)})
    assert caught.value.detail("reason") in ("ambiguous", "no-op")


@given(st.data())
def test_a_misquoted_line_that_stays_moves_nothing(data: st.DataObject) -> None:
    names = st.sampled_from([f"name{number}" for number in range(30)] + [""] * 3)
    lines = data.draw(st.lists(st.builds(str.__add__, INDENT, names), min_size=8, max_size=20))
    start, stop = sorted(data.draw(st.tuples(st.integers(0, len(lines) - 4), st.integers(4, len(lines)))))
    old, new = lines[start:stop], data.draw(st.lists(st.sampled_from(["    other", "more", ""]), max_size=3))
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(old)), st.integers(0, len(old)))))
    stays = data.draw(st.sampled_from([*range(first), *range(last, len(old))] or [-1]))
    assume(stays >= 0 and old[stays].strip() and _keys(old[first:last]) != _keys(new))
    quoted = [*old[:stays], "mis quoted", *old[stays + 1 :]]
    edit = make_edit("f.txt", _text(quoted), _text(quoted[:first] + new + quoted[last:]))
    try:
        done = run(edit, {"f.txt": _text(lines)})["f.txt"] or ""
    except EditRefused:
        return
    assert _keys(done.split("\n")) == _keys(lines[: start + first] + new + lines[start + last :])
    # where the lines stand once more, as repeated ones may, there is something to change again
    assume(first == last or _count(old[first:last], done.split("\n")) == 0)
    with pytest.raises(EditRefused):
        run(edit, {"f.txt": done})


@given(slices(), st.data())
def test_lines_to_change_that_stand_twice_or_nowhere_are_refused(
    case: tuple[list[str], int, int, list[str]], data: st.DataObject
) -> None:
    lines, start, stop, _ = case
    keys = _keys(lines[start:stop])
    changed = data.draw(st.sampled_from(keys))
    asked = "".join(f"{'other' if key == changed else key}\n" for key in keys)
    quoted = "".join(f"{key}\n" for key in [*keys, "mis quoted"])
    asked += "mis quoted\n"
    # nothing of a word's own may stand inside another line, or the fragment is what was meant
    gone = [line for line in lines if changed not in line]
    for file in (gone, lines + ["-----"] + [line for line in lines[start:stop] if line]):
        with pytest.raises(EditRefused):
            run(make_edit("f.txt", quoted, asked), {"f.txt": _text(file)})


@given(slices())
def test_a_second_application_is_refused(case: tuple[list[str], int, int, list[str]]) -> None:
    lines, start, stop, new = case
    old = lines[start:stop]
    done = _done(lines, _text(old), _text(new))
    # where what is left happens to make the searched lines anew, nothing tells the second time from a first
    assume(done is not None and _count(old, done.split("\n")) <= _count(old, new))
    assume(f"\n{done}".count(f"\n{_text(old)}") <= f"\n{_text(new)}".count(f"\n{_text(old)}"))
    assume(not any(line.lstrip().startswith("#") for line in old))
    text, left, added = ("".join("".join(lines).split()) for lines in (old, done or "", new))
    assume(left.count(text) <= added.count(text))
    with pytest.raises(EditRefused):
        run(make_edit("f.txt", _text(old), _text(new)), {"f.txt": done or ""})


@given(
    LINES,
    LINES,
    st.sampled_from([name for name, damage in DAMAGES.items() if damage is not blanks_dropped]),
    st.integers(),
)
def test_a_damaged_diff_gives_the_intended_file_or_none(
    before: list[str], after: list[str], damage: str, seed: int
) -> None:
    ends = [f"end {number}" for number in range(4)]
    solid_before, solid_after = ([*ends, *(line for line in lines if line), *ends[::-1]] for lines in (before, after))
    diff = "\n".join(difflib.unified_diff(solid_before, solid_after, "a/f.txt", "b/f.txt", lineterm="", n=3)) + "\n"
    assume("@@" in diff and len(set(_keys(solid_before))) == len(solid_before) - len(ends))
    try:
        done = run(DAMAGES[damage](diff, Random(seed)), {"f.txt": _text(solid_before)})
    except EditError:
        return
    assert done == {"f.txt": _text(solid_after)}


@given(st.text())
def test_parse_raises_nothing_but_its_own_errors(text: str) -> None:
    attack(text)


@given(st.sampled_from(SEEDS), st.sampled_from(SEEDS), st.integers())
def test_neither_parse_nor_apply_fall_over_anything_like_an_answer(one: str, other: str, seed: int) -> None:
    attack(mutated(one, other, Random(seed)))


def test_a_short_run_of_the_fuzz_target() -> None:
    random = Random(4)
    fates = {attack(mutated(random.choice(SEEDS), random.choice(SEEDS), random)) for _ in range(400)}
    assert {"applied", "not-found", "no edits"} <= fates


def test_twenty_thousand_lines_and_fifty_blocks_take_less_than_half_a_second() -> None:
    lines = [
        line
        for number in range(4000)
        for line in (
            f"def f{number}(a):",
            f"    b = a + {number}",
            "    if b > 3:",
            "        return b",
            "    return None",
        )
    ]
    blocks = [
        f"big.py\n<<<<<<< SEARCH\n  def f{n}(a):\n      b = a + {n}\n"
        f"=======\n  def f{n}(a):\n      b = a - {n}\n>>>>>>> REPLACE\n"
        for n in range(0, 3950, 79)
    ]
    text, answer, taken = _text(lines), "".join(blocks), []
    gc.collect()
    gc.freeze()  # what other tests have left would be looked through again and again
    for turn in range(3):
        # a new text each time, so that nothing remembered makes it fast
        files = {"big.py": f"{text}# {turn}\n"}
        started = time.process_time()
        edits: tuple[Edit, ...] = parse(answer)
        done = apply(edits, files.get, paths=files, protected=lambda path: False)
        taken.append(time.process_time() - started)
        assert len(edits) == 50
        assert (done.files["big.py"] or "").count("b = a - ") == 50
    assert min(taken) < 0.5
