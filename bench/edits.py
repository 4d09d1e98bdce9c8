"""Measure how many real and damaged edits are applied, rightly or wrongly.

Beside the ladders of other tools.

Run: python -m bench.edits [--edits FILE] [--blobs FILE] [--localize FILE] [--repos DIR]
The last line is one JSON object. ``--repos`` names a folder of bare repositories (owner+name) for the patches whose
file is not among the blobs; without it those are left out, and their number is printed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from bench.edits_damage import DAMAGES, FIRST_FOUR, Case, cases, read_gzip, total
from bench.edits_ladders import LADDERS
from bench.edits_misquoted import misquoted
from bench.edits_unsafe import unsafe
from bot.edits import EditError, EditRefused, Hunk, Replace, apply, parse

_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
_SEEDS = 3


def main() -> None:
    """Prints the tables and, at the end, the figures as JSON."""
    options = _options()
    rows = [json.loads(line) for line in read_gzip(options.edits).splitlines()]
    blobs: dict[str, str] = json.loads(read_gzip(options.blobs))
    figures = {**_blocks(rows, blobs, options.show), **_misquotes(rows, blobs), **_diffs(rows, blobs, options)}
    print(json.dumps(figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--edits", type=Path, default=_DATA / "edits_dev.jsonl.gz")
    parser.add_argument("--blobs", type=Path, default=_DATA / "edits_dev_blobs.json.gz")
    parser.add_argument("--localize", type=Path, default=_DATA / "localize_dev.jsonl.gz")
    parser.add_argument("--repos", type=Path, help="folder of bare repositories named owner+name")
    parser.add_argument("--show", default="", help="print every block with this verdict: a reason or an unsafe kind")
    options = parser.parse_args()
    missing = [str(path) for path in (options.edits, options.blobs, options.localize) if not path.exists()]
    if missing:
        sys.exit("not there: " + ", ".join(missing) + "\nname the files with --edits, --blobs and --localize")
    return options


# --- real blocks -------------------------------------------------------------------------------------------


def _blocks(rows: list[dict[str, Any]], blobs: dict[str, str], show: str) -> dict[str, Any]:
    verdicts: dict[str, Counter[str]] = {}
    unexplained, started = 0, time.perf_counter()
    ours: Counter[str] = Counter()
    for row in rows:
        verdict, message = _verdict(row, blobs[row["blob"]])
        ours[verdict] += 1
        unexplained += verdict != "applied" and not _explains(message)
        if show and verdict == show:
            print(f"--- {row['id']} {row['path']}\n{row['search']}\n--->\n{row['replace']}\n{message}\n")
    seconds = time.perf_counter() - started
    verdicts["forgehand"] = ours
    for name, ladder in LADDERS.items():
        verdicts[name] = Counter(_judged(row, blobs[row["blob"]], ladder) for row in rows)
    present = sum(row["seen_as"][:1] not in ("C", "A", "B", "e") for row in rows)
    _print_blocks(verdicts, len(rows), present, seconds)
    reasons = {name: count for name, count in ours.items() if name != "applied" and not name.startswith("unsafe")}
    return {
        "blocks": len(rows),
        "applied": round(ours["applied"] / len(rows), 4),
        "applied_where_the_code_exists": round(ours["applied"] / present, 4),
        "unsafe": _unsafe(ours),
        "refused": reasons,
        "unexplained": unexplained,
        "others": {
            name: {"applied": round((c["applied"] + _unsafe(c)) / len(rows), 4), "unsafe": _unsafe(c)}
            for name, c in verdicts.items()
            if name != "forgehand"
        },
    }


def _verdict(row: dict[str, Any], text: str) -> tuple[str, str]:
    """Return ``applied``, ``unsafe: why`` or the refusal, and note or message."""
    edit = Replace(row["path"], (Hunk(row["search"], row["replace"]),))
    try:
        done = apply([edit], {row["path"]: text}.get, paths=[row["path"]], protected=lambda path: False)
    except EditRefused as refusal:
        return str(refusal.detail("reason")), refusal.message
    why = unsafe(row["path"], text, done.files[row["path"]] or "", row["search"], row["replace"])
    return ("applied" if why is None else f"unsafe: {why}"), done.notes[0]


def _explains(message: str) -> bool:
    return len(message) > 40 and message.count("\n") < 40


def _judged(row: dict[str, Any], text: str, ladder: Callable[[str, str, str], str | None]) -> str:
    after = ladder(text, row["search"], row["replace"])
    if after is None or after == text:
        return "refused"
    why = unsafe(row["path"], text, after, row["search"], row["replace"])
    return "applied" if why is None else f"unsafe: {why}"


def _unsafe(verdicts: Counter[str]) -> int:
    return sum(count for name, count in verdicts.items() if name.startswith("unsafe"))


def _print_blocks(verdicts: dict[str, Counter[str]], blocks: int, present: int, seconds: float) -> None:
    print(f"{blocks} real blocks; for {present} of them something like the searched code is in the file")
    print(f"{'ladder':<16}{'applied':>9}{'unsafe':>8}   why unsafe")
    for name, found in verdicts.items():
        every = found["applied"] + _unsafe(found)
        why = ", ".join(f"{kind[8:]} {count}" for kind, count in found.most_common() if kind.startswith("unsafe"))
        print(f"{name:<16}{every / blocks:>8.1%}{_unsafe(found):>8}   {why}")
    refused = [(kind, count) for kind, count in verdicts["forgehand"].most_common() if kind != "applied"]
    print("forgehand refused: " + ", ".join(f"{kind} {count}" for kind, count in refused if "unsafe" not in kind))
    print(f"forgehand took {seconds / blocks * 1000:.1f} ms a block\n")


def _misquotes(rows: list[dict[str, Any]], blobs: dict[str, str]) -> dict[str, Any]:
    table = misquoted(rows, blobs)
    print(f"{'blocks found exactly once, with a':<38}{'tries':>6}{'right':>9}{'refused':>9}{'wrong':>7}")
    for name, found in table.items():
        print(f"{name:<38}{found.total():>6}{found['right']:>9}{found['refused']:>9}{found['wrong']:>7}")
    print()
    return {"misquoted": {name: dict(found) for name, found in table.items()}}


# --- damaged diffs -----------------------------------------------------------------------------------------


def _diffs(rows: list[dict[str, Any]], blobs: dict[str, str], options: argparse.Namespace) -> dict[str, Any]:
    known = {(row["id"], row["path"]): row["blob"] for row in rows}
    usable = list(cases(options.localize, blobs, known, options.repos))
    left_out = total(options.localize) - len(usable)
    print(f"{len(usable)} right patches of one file, each damaged; {left_out} left out as their file is not at hand")
    print(f"{'damage':<38}{'tries':>6}{'applied':>9}{'refused':>9}{'wrong':>7}{'blank lines only':>18}")
    table = {name: Counter(_try(case, name, seed) for case in usable for seed in range(_SEEDS)) for name in DAMAGES}
    for name, found in table.items():
        tries = found.total()
        right = found["right"] + found["blank lines"]
        counts = f"{found['refused']:>9}{found['wrong']:>7}{found['blank lines']:>18}"
        print(f"{name:<38}{tries:>6}{right / max(1, tries):>9.1%}{counts}")
    four = [table[name] for name in FIRST_FOUR]
    applied = sum(found["right"] for found in four) / max(1, sum(found.total() for found in four))
    return {
        "damaged_patches": len(usable),
        "damaged_left_out": left_out,
        "damaged_applied": round(applied, 4),
        "damaged_wrong": sum(found["wrong"] for found in table.values()),
        "damaged": {name: dict(found) for name, found in table.items()},
    }


def _try(case: Case, damage: str, seed: int) -> str:
    """Return ``right``, ``blank lines``, ``wrong`` or ``refused``."""
    # ``blank lines``: right but for where a blank line stands.
    patch = DAMAGES[damage](case.patch, Random(f"{case.id} {seed}"))
    try:
        done = apply(parse(patch), {case.path: case.before}.get, paths=[case.path], protected=lambda path: False)
    except EditError:
        return "refused"
    after = done.files.get(case.path) or ""
    if after == case.after:
        return "right"
    return "blank lines" if _solid(after) == _solid(case.after) else "wrong"


def _solid(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


if __name__ == "__main__":
    main()
