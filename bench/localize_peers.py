"""Provide the peers and the data of the localization bench."""

from __future__ import annotations

import ast
import json
import math
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from functools import lru_cache
from pathlib import Path

from bot.context.blobs import decode, read_blobs
from bot.context.index import Index

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+", re.MULTILINE)
_OLD = re.compile(r"^--- a/(.+)$", re.MULTILINE)
_AIDER = Path(__file__).with_name("localize_aider.py")
_AIDER_SECONDS = 900
_counts: dict[str, Counter[str]] = {}


def plain_bm25(index: Index, question: str) -> list[str]:
    """Rank as the textbook: words of identifiers, k1 1.5, b 0.75, no tests."""
    files = {path: file.sha for path, file in index.files.items() if file.role == "code"}
    for sha, data in read_blobs(index.git_dir, sorted(set(files.values()) - _counts.keys())):
        _counts[sha] = _words(decode(data or b""))
    lengths = {path: _counts[sha].total() for path, sha in files.items()}
    average = sum(lengths.values()) / max(1, len(lengths))
    scores: dict[str, float] = defaultdict(float)
    for word in _words(question):
        held = [path for path, sha in files.items() if word in _counts[sha]]
        rare = math.log(1 + (len(files) - len(held) + 0.5) / (len(held) + 0.5))
        for path in held:
            times = _counts[files[path]][word]
            scores[path] += rare * times * 2.5 / (times + 1.5 * (0.25 + 0.75 * lengths[path] / average))
    return sorted(scores, key=lambda path: (-scores[path], path))


def _words(text: str) -> Counter[str]:
    return Counter(word.lower() for word in _WORD.findall(text) if len(word) > 1)


def gold_functions(index: Index, fix: str) -> set[tuple[str, int]]:
    """Return (path, first line) of outermost Python functions a diff changes."""
    found: set[tuple[str, int]] = set()
    for piece in re.split(r"^diff --git .*$", fix, flags=re.MULTILINE):
        named = _OLD.search(piece)
        if named is None or not named[1].endswith(".py"):
            continue
        lines = _changed(piece)
        for start, end in _spans(index.text(named[1]) or ""):
            if any(start <= line <= end for line in lines):
                found.add((named[1], start))
    return found


def _changed(piece: str) -> list[int]:
    """Return the old file's lines a diff takes away, and those it adds after."""
    lines: list[int] = []
    at = 0
    for line in piece.splitlines():
        if hunk := _HUNK.match(line):
            at = int(hunk[1])
        elif line.startswith("-") and not line.startswith("---"):
            lines.append(at)
            at += 1
        elif line.startswith("+") and not line.startswith("+++"):
            lines.append(at - 1)
        elif line.startswith(" "):
            at += 1
    return lines


@lru_cache(maxsize=64)
def _spans(text: str) -> tuple[tuple[int, int], ...]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ()
    spans: list[tuple[int, int]] = []
    todo: list[ast.AST] = [tree]
    while todo:
        for node in ast.iter_child_nodes(todo.pop()):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                spans.append((node.lineno, node.end_lineno or node.lineno))
            else:
                todo.append(node)
    return tuple(spans)


def aider_ranking(python: Path, index: Index, question: str) -> list[str]:
    """Ask aider, in its own environment, for its order of files."""
    with tempfile.TemporaryDirectory(prefix="aider-") as folder:
        files = [path for path, file in index.files.items() if file.role == "code"]
        for path, text in index.texts(files).items():
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        request = json.dumps({"root": folder, "files": files, "question": question})
        done = subprocess.run(
            [str(python), str(_AIDER)],
            input=request,
            capture_output=True,
            text=True,
            timeout=_AIDER_SECONDS,
            check=True,
        )
    return [str(path) for path in json.loads(done.stdout.splitlines()[-1])]


def synthetic_repository(git_dir: Path, files: int) -> tuple[Path, str]:
    """Make a bare repository of one commit with so many Python files of 4 kB."""
    subprocess.run(["git", "init", "-q", "--bare", str(git_dir)], check=True)
    stream = [b"commit refs/heads/main\ncommitter Bench <bench@example.org> 0 +0000\ndata 4\nmade\n"]
    for number in range(files):
        text = "".join(_function(number, part) for part in range(12)).encode()
        stream.append(
            f"M 100644 inline pkg{number % 97}/module_{number}.py\ndata {len(text)}\n".encode() + text + b"\n"
        )
    subprocess.run(["git", "--git-dir", str(git_dir), "fast-import", "--quiet"], input=b"".join(stream), check=True)
    done = subprocess.run(
        ["git", "--git-dir", str(git_dir), "rev-parse", "main"], capture_output=True, text=True, check=True
    )
    return git_dir, done.stdout.strip()


def _function(number: int, part: int) -> str:
    name = f"handle_{number}_{part}"
    return (
        f"def {name}(request, limit={part}):\n"
        f'    """Handle request {number} of part {part}."""\n'
        f"    values = [compute_{number % 501}(item) for item in request.items if item.size > limit]\n"
        f"    if not values:\n"
        f'        raise ValueError("nothing to handle in part {part} of {number}")\n'
        f"    return sum(values) / len(values)\n\n\n"
    )
