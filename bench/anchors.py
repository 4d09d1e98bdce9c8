"""Where review comments land when models misquote and miscount, and whether suggestions can be committed.

``python -m bench.anchors [--localize FILE] [--blobs FILE] [--edits FILE] [--repos DIR]``. Places in real fixes are
quoted with damage and looked up; whether GitHub would take an anchor is judged by simhub, which shares no code with
the bot. Suggestions are real fixes of the files at hand. ``--repos`` names a folder of bare repositories (owner+name)
for the files that are not among the blobs. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

from bench.anchors_damage import DAMAGES, NUMBERS, Target, indentations, targets
from bench.edits_damage import Case, cases, files_of, read_gzip
from bot.edits.syntax import broken_by
from bot.github.text.anchors import Anchor, place
from bot.github.text.diffs import DiffLine, FileDiff, Hunk, Kind, parse_diff
from bot.github.text.suggestions import suggestion
from simhub import anchors as github
from simhub.gitrepo import FileChange

_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
_BARS = {"legal": 100.0, "on_the_line": 90.0}


@dataclass
class Tally:
    """How the lookups of one kind ended."""

    tries: int = 0
    posted: int = 0
    legal: int = 0
    right: int = 0

    def add(self, anchor: Anchor | None, legal: bool, right: bool) -> None:
        self.tries += 1
        self.posted += anchor is not None
        self.legal += legal
        self.right += right

    def figures(self) -> dict[str, float]:
        return {
            "tries": self.tries,
            "posted": _percent(self.posted, self.tries),
            "legal": _percent(self.legal, self.posted),
            "on_the_line": _percent(self.right, self.tries),
            "on_the_line_of_posted": _percent(self.right, self.posted),
        }


@dataclass
class Tallies:
    """By kind; ``believed`` is what became of the same claims if their numbers were simply taken."""

    kinds: dict[str, Tally] = field(default_factory=dict)
    believed: Tally = field(default_factory=Tally)

    def count(self, kinds: Sequence[str], anchor: Anchor | None, legal: bool, right: bool) -> None:
        for kind in ("all", *kinds):
            self.kinds.setdefault(kind, Tally()).add(anchor, legal, right)


def main() -> None:
    options = _options()
    diffs = [file for row in _rows(options.localize) for file in _fixes(row["fix"])]
    tallies = _lookups(diffs)
    print(f"{'':<24}{'tries':>7}{'posted':>8}{'legal':>8}{'right':>8}{'right of posted':>17}")
    for kind, tally in tallies.kinds.items():
        one = tally.figures()
        shares = f"{one['posted']:>8}{one['legal']:>8}{one['on_the_line']:>8}{one['on_the_line_of_posted']:>17}"
        print(f"{kind:<24}{tally.tries:>7}{shares}")
    known = list(_cases(options))
    figures = {
        "bench": "anchors",
        "files": len(diffs),
        **tallies.kinds.pop("all").figures(),
        "by_damage": {kind: tally.figures()["on_the_line"] for kind, tally in tallies.kinds.items()},
        "numbers_believed": tallies.believed.figures(),
        "code_of_the_file_off_the_diff_posted": _percent(*_strangers(known)),
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
    return cases(options.localize, json.loads(read_gzip(options.blobs)), known, options.repos)


def _fixes(diff: str) -> Iterator[tuple[FileDiff, str]]:
    """Each changed file of a fix, and its hunks as GitHub's API has them."""
    for _, patch in files_of(diff):
        yield parse_diff(patch)[0], patch[patch.index("\n@@") + 1 :].rstrip("\n")


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


# --- anchors -----------------------------------------------------------------------------------------------


def _lookups(diffs: Sequence[tuple[FileDiff, str]]) -> Tallies:
    tallies = Tallies()
    for number, (file, patch) in enumerate(diffs):
        random = Random(number)
        for target in targets(file, random):
            for damage, number_damage in ((d, n) for d in DAMAGES for n in NUMBERS):
                quote = DAMAGES[damage](target, random)
                claimed = NUMBERS[number_damage](target.first, random)
                anchor = place(file, quote, claimed, "LEFT" if target.side == "LEFT" else None)
                legal = anchor is not None and _github_takes(anchor, patch)
                kinds = [damage, f"number {number_damage}", target.side, f"{min(2, len(target.lines))} or more lines"]
                tallies.count(kinds, anchor, legal, anchor is not None and _is_meant(anchor, target))
                if claimed is not None:
                    naive = Anchor(path=file.path, line=claimed, side=target.side)
                    tallies.believed.add(naive, _github_takes(naive, patch), _is_meant(naive, target))
    return tallies


def _github_takes(anchor: Anchor, patch: str) -> bool:
    change = FileChange("modified", anchor.path, None, "", 0, 0, patch)
    try:
        github.resolve([change], anchor.path, anchor.line, anchor.side, anchor.start_line, anchor.start_side)
    except github.AnchorError:
        return False
    return True


def _is_meant(anchor: Anchor, target: Target) -> bool:
    """On the line; of several, on those or some of them."""
    first = anchor.start_line or anchor.line
    return anchor.side == target.side and target.first <= first <= anchor.line <= target.last


def _strangers(known: Sequence[Case]) -> tuple[int, int]:
    """Quotes of code that stands in the file but is not shown by the diff, with a number that is: posted, and tries."""
    posted = tries = 0
    for case in known:
        file, random = parse_diff(case.patch)[0], Random(case.id)
        shown = [line for hunk in file.hunks for line in hunk.on("RIGHT")]
        hidden = set(range(1, case.after.count("\n") + 1)) - {line.new for line in shown}
        texts = {"".join(line.text.split()) for line in shown}
        rows = case.after.split("\n")
        unlike = [
            n for n in sorted(hidden) if len(rows[n - 1].strip()) > 12 and "".join(rows[n - 1].split()) not in texts
        ]
        for number in random.sample(unlike, min(20, len(unlike))):
            tries += 1
            posted += place(file, rows[number - 1], random.choice(shown).new, text=case.after) is not None
    return posted, tries


# --- suggestions -------------------------------------------------------------------------------------------


def _suggestions(known: Sequence[Case]) -> dict[str, Any]:
    """A fix put as a suggestion on the code it mends: the pull request is the one that brings the bug in."""
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
    """The lines that the pull request wrote, and those that should be in their place."""
    for hunk in file.hunks:
        for changed, group in groupby(hunk.lines, key=lambda line: line.kind != " "):
            lines = list(group)
            wrote = [line for line in lines if line.kind == "+"]
            mended = [line for line in lines if line.kind == "-"]
            if changed and wrote and mended and any(line.text.strip() for line in wrote):
                yield wrote, mended


def _commit(case: Case, file: FileDiff, old: list[DiffLine], new: list[DiffLine], replacement: str) -> str:
    rows, quote = case.before.split("\n"), "\n".join(line.text for line in old)
    first, last = (old[0].new or 1) - 1, old[-1].new or 1
    meant = "\n".join([*rows[:first], *(line.text for line in new), *rows[last:]])
    if case.path.endswith(".py") and _parses(case.before) and not _parses(meant):
        return "not by itself"
    anchor = place(file, quote, old[0].new)
    block = suggestion(anchor, file, case.before, replacement, quote=quote, broken_by=broken_by) if anchor else None
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
    """The lines that say something, without blanks at their ends."""
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


if __name__ == "__main__":
    main()
