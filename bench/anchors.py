"""Measure which misquoted findings a review keeps and where it posts them.

Also whether suggestions can be committed.

``python -m bench.anchors [--localize FILE] [--blobs FILE] [--edits FILE] [--repos DIR]``. Places in real fixes are
quoted with damage, as answers of a model, and go the way of a review: read, settled, anchored. Beside them go quotes
of code that stands nowhere in the change. Whether GitHub would take an anchor is judged by simhub, which shares no
code with the bot. Suggestions are real fixes of the files at hand. ``--repos`` names a folder of bare repositories
(``owner+name``, or ``owner+name/repo``) for the files that are not among the blobs. The last line is one JSON object:
``kept_right`` is the share of damaged quotes that are kept and posted on the line, ``invented_kept`` how many
quotes of code that is not there were kept.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

from bench.anchors_damage import DAMAGES, INVENTIONS, NUMBERS, Target, indentations, targets
from bench.edits_damage import Case, cases, read_gzip
from bot.edits.syntax import find_syntax_error
from bot.github.text.anchors import Anchor
from bot.github.text.diffs import DiffLine, FileDiff, Hunk, Kind, parse_diff
from bot.github.text.suggestions import suggestion
from bot.pulls.places import find_place
from bot.pulls.records import PlacedFinding, Reading
from handlers.review.finders import parse_answer
from handlers.review.placement import place_finding
from simhub import anchors as github
from simhub.gitrepo import FileChange

_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
_BARS = {"legal": 100.0, "kept_right": 95.0, "invented_kept": 0}
_READING = Reading(name="find-1", parts=(), concerns=("correctness",))
# so many lines of other fixes are held against each file, and so many of its own are altered in each way
_STRANGERS = 30
_ALTERED = 10
# shorter lines stand in most files
_SHORT = 12


@dataclass
class Tally:
    """Ends of the findings of one kind."""

    tries: int = 0
    kept: int = 0
    posted: int = 0
    legal: int = 0
    right: int = 0

    def add(self, settled: PlacedFinding | None, legal: bool, right: bool) -> None:
        self.tries += 1
        self.kept += settled is not None
        self.posted += settled is not None and settled.anchor is not None
        self.legal += legal
        self.right += right

    def figures(self) -> dict[str, float]:
        return {
            "tries": self.tries,
            "kept": _percent(self.kept, self.tries),
            "posted": _percent(self.posted, self.tries),
            "legal": _percent(self.legal, self.posted),
            "kept_right": _percent(self.right, self.tries),
            "right_of_posted": _percent(self.right, self.posted),
        }


@dataclass
class Tallies:
    """By kind; ``believed`` is what became of the same claims if their numbers were simply taken."""

    kinds: dict[str, Tally] = field(default_factory=dict)
    believed: Tally = field(default_factory=Tally)

    def count(self, kinds: Sequence[str], settled: PlacedFinding | None, legal: bool, right: bool) -> None:
        for kind in ("all", *kinds):
            self.kinds.setdefault(kind, Tally()).add(settled, legal, right)


def main() -> None:
    known = list(_cases(_options()))
    tallies = _lookups(known)
    print(f"{'':<34}{'tries':>7}{'kept':>8}{'posted':>8}{'legal':>8}{'right':>8}{'right of posted':>17}")
    for kind, tally in tallies.kinds.items():
        one = tally.figures()
        shares = (
            f"{one['kept']:>8}{one['posted']:>8}{one['legal']:>8}{one['kept_right']:>8}{one['right_of_posted']:>17}"
        )
        print(f"{kind:<34}{tally.tries:>7}{shares}")
    invented = _invented(known)
    figures = {
        "bench": "anchors",
        "files": len(known),
        **tallies.kinds.pop("all").figures(),
        "by_damage": {kind: tally.figures()["kept_right"] for kind, tally in tallies.kinds.items()},
        "numbers_believed": tallies.believed.figures(),
        "invented": {kind: ends.total() for kind, ends in invented.items()},
        "invented_kept": sum(ends["kept"] for ends in invented.values()),
        "invented_kept_by_kind": {kind: ends["kept"] for kind, ends in invented.items()},
        "suggestions": _suggestions(known),
        "bars": _BARS,
    }
    print(json.dumps(figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--localize", type=Path, default=_DATA / "localize_dev.jsonl.gz")
    parser.add_argument("--edits", type=Path, default=_DATA / "edits_dev.jsonl.gz")
    parser.add_argument("--blobs", type=Path, default=_DATA / "edits_dev_blobs.json.gz")
    parser.add_argument("--repos", type=Path)
    options = parser.parse_args()
    missing = [str(path) for path in (options.localize, options.edits, options.blobs) if not path.exists()]
    if missing:
        sys.exit("not there: " + ", ".join(missing) + "\nname the files with --localize, --edits and --blobs")
    return options


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read_gzip(path).splitlines()]


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    known = {(row["id"], row["path"]): row["blob"] for row in _rows(options.edits)}
    found = cases(options.localize, json.loads(read_gzip(options.blobs)), known, options.repos)
    return (replace(case, patch=_diff(case)) for case in found)


def _diff(case: Case) -> str:
    """Diff the two texts: a recorded fix may number another commit's lines."""
    before, after = (text.splitlines(keepends=True) for text in (case.before, case.after))
    lines = [*difflib.unified_diff(before, after, f"a/{case.path}", f"b/{case.path}")]
    ended = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return f"diff --git a/{case.path} b/{case.path}\n" + "".join(ended)


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


# --- anchors -----------------------------------------------------------------------------------------------


def _lookups(known: Sequence[Case]) -> Tallies:
    tallies = Tallies()
    for number, case in enumerate(known):
        random, file = Random(number), parse_diff(case.patch)[0]
        patch = case.patch[case.patch.index("\n@@") + 1 :].rstrip("\n")
        for target in targets(file, random):
            for damage, number_damage in ((d, n) for d in DAMAGES for n in NUMBERS):
                quote = DAMAGES[damage](target, random)
                claimed = NUMBERS[number_damage](target.first, random)
                settled = _settled(case, file, quote, claimed, removed=target.side == "LEFT")
                anchor = settled.anchor if settled is not None else None
                legal = anchor is not None and _github_takes(anchor, patch)
                kinds = [damage, f"number {number_damage}", target.side, f"{min(2, len(target.lines))} or more lines"]
                tallies.count(kinds, settled, legal, settled is not None and _is_meant(settled, target))
                if claimed is not None:
                    naive = Anchor(path=file.path, line=claimed, side=target.side)
                    tallies.believed.tries += 1
                    tallies.believed.posted += 1
                    tallies.believed.legal += _github_takes(naive, patch)
                    tallies.believed.right += target.first <= claimed <= target.last
    return tallies


def _settled(
    case: Case, file: FileDiff, quote: str, line: int | None, *, removed: bool = False
) -> PlacedFinding | None:
    """Place a finding as a review does when a model reports it."""
    said = {"path": case.path, "quote": quote, "line": line, "severity": "bug", "concern": "correctness"}
    said |= {"removed": True} if removed else {}
    words = {"title": "It fails", "claim": "It fails for an empty list.", "failing_input": "[]"}
    found = parse_answer({"files": [], "findings": [{**said, **words}]}, _READING, "model")
    head, base = {case.path: case.after}, {case.path: case.before}
    return place_finding(found.findings[0], {case.path: file}, head, base) if found.findings else None


def _github_takes(anchor: Anchor, patch: str) -> bool:
    change = FileChange("modified", anchor.path, None, "", 0, 0, patch)
    try:
        github.resolve([change], anchor.path, anchor.line, anchor.side, anchor.start_line, anchor.start_side)
    except github.AnchorError:
        return False
    return True


def _is_meant(settled: PlacedFinding, target: Target) -> bool:
    """Say whether a comment is on the lines meant, or some of them."""
    anchor, finding = settled.anchor, settled.finding
    if anchor is None or finding.line is None:
        return False
    first, last = anchor.start_line or anchor.line, finding.line + finding.quote.count("\n")
    there = anchor.side == target.side and target.first <= first <= anchor.line <= target.last
    return there and finding.removed == (anchor.side == "LEFT") and finding.line <= first <= anchor.line <= last


def _invented(known: Sequence[Case]) -> dict[str, Counter[str]]:
    """Count by kind what became of quotes that stand nowhere in the file."""
    ends: dict[str, Counter[str]] = {}
    for case in known:
        random, file = Random(case.id + case.path), parse_diff(case.patch)[0]
        there = _squeezed(case.before) + _squeezed(case.after)
        numbers = [line.new for hunk in file.hunks for line in hunk.on("RIGHT")]
        for kind, quote in _made_up(case, known, random):
            if len(_squeezed(quote)) >= _SHORT and _squeezed(quote) not in there:
                settled = _settled(case, file, quote, random.choice([*numbers, None]))
                ends.setdefault(kind, Counter())["refused" if settled is None else "kept"] += 1
    return ends


def _made_up(case: Case, known: Sequence[Case], random: Random) -> Iterator[tuple[str, str]]:
    others = [other for other in known if other.path != case.path]
    for other in random.sample(others, min(_STRANGERS, len(others))):
        rows = other.after.split("\n")
        at = random.randrange(len(rows))
        yield "lines of another file", "\n".join(rows[at : at + random.randint(1, 3)]).strip("\n")
    own = [row for row in case.after.split("\n") if len(row.strip()) >= _SHORT and "#" not in row]
    for kind, alter in INVENTIONS.items():
        for row in random.sample(own, min(_ALTERED, len(own))):
            yield kind, alter(row, random)


def _squeezed(text: str) -> str:
    return "".join(text.lower().split())


# --- suggestions -------------------------------------------------------------------------------------------


def _suggestions(known: Sequence[Case]) -> dict[str, Any]:
    """Put each fix as a suggestion on the code it repairs."""
    # The pull request is the one that brings the bug in.
    ends: dict[str, Counter[str]] = {}
    for case in known:
        file = _reversed(parse_diff(case.patch)[0])
        for old, new in _replaced(file):
            for how, replacement in indentations([line.text for line in new]).items():
                ends.setdefault(how, Counter())[_commit(case, file, old, new, replacement)] += 1
    total = sum(ends.values(), Counter[str]())
    judged = total.total() - total["not by itself"]
    return {
        "tries": judged,
        "committed_as_meant": _percent(total["as meant"], judged),
        "parse": _percent(judged - total["broken"] - total["none"], judged - total["none"]),
        "none": _percent(total["none"], judged),
        "otherwise": total["otherwise"],
        "by_damage": {how: _percent(c["as meant"], c.total() - c["not by itself"]) for how, c in ends.items()},
    }


def _reversed(file: FileDiff) -> FileDiff:
    signs: dict[Kind, Kind] = {"+": "-", "-": "+", " ": " "}
    hunks = []
    for hunk in file.hunks:
        lines = [DiffLine(kind=signs[line.kind], old=line.new, new=line.old, text=line.text) for line in hunk.lines]
        hunks.append(
            Hunk(
                old_start=hunk.new_start, old_count=hunk.new_count, new_start=hunk.old_start, new_count=hunk.old_count,
                section=hunk.section, lines=tuple(lines),
            )
        )  # fmt: skip
    return file.model_copy(update={"hunks": tuple(hunks)})


def _replaced(file: FileDiff) -> Iterator[tuple[list[DiffLine], list[DiffLine]]]:
    """Return the lines the pull request wrote, and those to be in their place."""
    for hunk in file.hunks:
        for changed, group in groupby(hunk.lines, key=lambda line: line.kind != " "):
            lines = list(group)
            wrote = [line for line in lines if line.kind == "+"]
            fixed = [line for line in lines if line.kind == "-"]
            if changed and wrote and fixed and any(line.text.strip() for line in wrote):
                yield wrote, fixed


def _commit(case: Case, file: FileDiff, old: list[DiffLine], new: list[DiffLine], replacement: str) -> str:
    rows, quote = case.before.split("\n"), "\n".join(line.text for line in old)
    first, last = (old[0].new or 1) - 1, old[-1].new or 1
    meant = "\n".join([*rows[:first], *(line.text for line in new), *rows[last:]])
    if case.path.endswith(".py") and _parses(case.before) and not _parses(meant):
        return "not by itself"
    found = find_place(file, quote, old[0].new, head=case.before, base=case.after)
    anchor = found.anchor if found is not None else None
    block = (
        suggestion(anchor, file, case.before, replacement, quote=quote, broken_by=find_syntax_error) if anchor else None
    )
    if anchor is None or block is None:
        return "none"
    fence = re.match("`+", block)
    inner = block.split("\n")[1:-1]
    assert fence is not None
    first, last = (anchor.start_line or anchor.line) - 1, anchor.line
    after = "\n".join([*rows[:first], *inner, *rows[last:]])
    if case.path.endswith(".py") and _parses(case.before) and not _parses(after):
        return "broken"
    return "as meant" if _bare(after) == _bare(meant) else "otherwise"


def _bare(text: str) -> list[str]:
    """Return the lines that say something, without blanks at their ends."""
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


if __name__ == "__main__":
    main()
