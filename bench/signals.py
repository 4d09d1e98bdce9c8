"""What is said of a failing build: are its tests named, secrets gone, like causes grouped?

``python -m bench.signals [--mirrors DIR]``. DIR (default ``.bench/mirrors``) holds bare clones ``owner+name/repo`` of
the public repositories in ``signal_logs.py``; what is missing is cloned. The last line is the figures as one JSON
object: ``any`` and ``all`` are shares of labelled logs nobody looked at, ``secrets_left`` of 200 planted credentials.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import signal_logs
from bench.planted_secrets import KEPT_ASIDE, TUNED, plant, still_readable
from bench.signal_logs import LabelledLog
from bot.ci_logs import excerpt, make_fingerprint, read_lines, read_log
from bot.redaction import redact

_SEEDS = (101, 102, 103)


def measure_excerpts(logs: Sequence[LabelledLog]) -> dict[str, float]:
    """Return in how many logs any, and all, failing tests are shown."""
    shown: list[tuple[bool, bool]] = []
    for log in logs:
        plain = "\n".join(read_lines(log.text))
        needles = [needle for name in log.failing if (needle := signal_logs.find_needle(name, plain))]
        if not needles:
            continue
        text = excerpt(log.text)
        seen = [needle in text for needle in needles]
        if not all(seen):
            print(f"{log.path}: {sum(seen)} of {len(seen)} failing tests are shown")
        shown.append((any(seen), all(seen)))
    return {
        "logs": len(shown),
        "any": round(sum(one for one, _ in shown) / len(shown), 3),
        "all": round(sum(every for _, every in shown) / len(shown), 3),
    }


def measure_marked(mirrors: Path) -> dict[str, int]:
    """Return in how many of pytorch's fixtures the marked line is shown."""
    marked = list(signal_logs.read_marked(mirrors))
    seen = 0
    for text, line in marked:
        (wanted,) = read_lines(line)
        seen += wanted[:300] in excerpt(text)
    return {"marked": len(marked), "marked_shown": seen}


def measure_secrets() -> dict[str, float]:
    """Return how many of 200 planted credentials stay readable."""
    figures = {}
    for name, kinds in (("secrets_left_tuned", TUNED), ("secrets_left", KEPT_ASIDE)):
        planted = [one for seed in _SEEDS for one in plant(kinds, seed)]
        left = [one for one in planted if still_readable(one, redact(one.text))]
        for one in left:
            print(f"{name}: {one.kind}, {one.way}")
        figures[name] = round(200 * len(left) / len(planted), 1)
    return figures


def measure_changes(mirrors: Path) -> dict[str, float]:
    """Return how many of 1,000 lines of real logs redaction changes."""
    lines = changed = 0
    for text in signal_logs.read_ordinary(mirrors):
        before, after = text.split("\n"), redact(text).split("\n")
        lines += len(before)
        if len(before) == len(after):
            changed += sum(one != two for one, two in zip(before, after, strict=True))
        else:
            matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
            changed += sum(end - start for tag, start, end, _, _ in matcher.get_opcodes() if tag != "equal")
    return {"lines": lines, "lines_changed_per_1000": round(1000 * changed / lines, 2)}


def measure_grouping(logs: Sequence[LabelledLog]) -> dict[str, float]:
    """Return the share of pairs of logs whose causes are told right."""
    prints = [make_fingerprint(read_log(log.text)) for log in logs]
    again = [make_fingerprint(read_log(rerun(log.text))) for log in logs]
    same = [one == two for one, two in zip(prints, again, strict=True)]
    pairs = [(one, two) for one in range(len(logs)) for two in range(one) if logs[one].failing != logs[two].failing]
    different = [prints[one] != prints[two] for one, two in random.Random(7).sample(pairs, min(len(pairs), len(logs)))]
    right = [*same, *different]
    return {
        "grouping": round(sum(right) / len(right), 3),
        "grouping_same": round(sum(same) / len(same), 3),
        "grouping_different": round(sum(different) / len(different), 3),
    }


def rerun(log: str) -> str:
    """Return a log as another run would have it: later, elsewhere, moved."""
    source = random.Random(len(log))
    log = re.sub(r"(?<=T)\d\d(?=:\d\d:\d\d\.\d{7}Z)", lambda found: f"{(int(found[0]) + 5) % 24:02}", log)
    log = log.replace("/home/runner/work/", "/builds/agent-7/").replace("/home/travis/build/", "/srv/ci/worker/")
    log = re.sub(r"(?<=, line )\d+", lambda found: str(int(found[0]) + 17), log)
    log = re.sub(r"(\.(?:java|py)):(\d+)(?=[):])", lambda found: f"{found[1]}:{int(found[2]) + 17}", log)
    log = re.sub(r"\b[0-9a-f]{40}\b", lambda _: "".join(source.choices("0123456789abcdef", k=40)), log)
    log = re.sub(r"\b\d+\.\d+(?= ?s(?:ec)?\b)", lambda _: f"{source.random() * 9:.3f}", log)
    return "\n".join(f"Preparing machine {source.randrange(10**6)}" for _ in range(120)) + "\n" + log


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.signals")
    parser.add_argument("--mirrors", type=Path, default=Path(".bench/mirrors"))
    asked = parser.parse_args()
    logs = list(signal_logs.read_labelled(asked.mirrors))
    figures: dict[str, Any] = measure_excerpts([log for log in logs if not log.looked_at])
    seen = measure_excerpts([log for log in logs if log.looked_at])
    figures |= {f"looked_at_{name}": value for name, value in seen.items()}
    figures |= measure_marked(asked.mirrors)
    figures |= measure_secrets()
    figures |= measure_changes(asked.mirrors)
    figures |= measure_grouping(logs)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
