"""Real logs of CI with the failing tests named by hand: BugSwarm's, and the marked lines of pytorch's classifier.

Both come from public repositories at pinned commits; BugSwarm's labels are what its own tests expect. Half of its logs
were looked at while the excerpt was written, the other half only counts.
"""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PINNED = {
    "BugSwarm/bugswarm": "e6a77177e9725ee46f83f17c7989028116772bd1",
    "pytorch/test-infra": "61a77570f45416dc425c17d4a648376541a84732",
    "logpai/loghub": "dd61d0952749ee7963bde24220d1be5ede023033",
}
_ANALYZER = "tests/analyzer"
_FIXTURES = "aws/lambda/log-classifier/fixtures/classify"
_MARK = "#=MATCH=# "


class LabelledLog(NamedTuple):
    """A log, and the tests that fail in it as its repository names them."""

    path: str
    text: str
    failing: tuple[str, ...]
    looked_at: bool


def find_mirror(mirrors: Path, name: str) -> Path:
    """Return a repository's bare clone, cloned where there is none."""
    folder = mirrors / name.replace("/", "+") / "repo"
    if not folder.is_dir():
        argv = ["git", "clone", "--quiet", "--bare", f"https://github.com/{name}", str(folder)]
        subprocess.run(argv, check=True)
    return folder


def read_labelled(mirrors: Path) -> Iterator[LabelledLog]:
    """Yield BugSwarm's logs whose failing tests are known."""
    repo, commit = find_mirror(mirrors, "BugSwarm/bugswarm"), PINNED["BugSwarm/bugswarm"]
    for source, folder in (("test_github.py", "github_data"), ("test_travis.py", "travis_data")):
        text = _read(repo, commit, f"{_ANALYZER}/{source}")
        for path, label in sorted(_read_labels(text or "").items()):
            log = _read(repo, commit, f"{_ANALYZER}/{path}") if path.startswith(folder) else None
            if log is not None:
                names = tuple(name for name in label.split("#") if name.strip())
                yield LabelledLog(path, log, names, hashlib.sha256(path.encode()).digest()[0] % 2 == 0)


def read_marked(mirrors: Path) -> Iterator[tuple[str, str]]:
    """Yield pytorch's long fixtures, and the line each is about."""
    repo, commit = find_mirror(mirrors, "pytorch/test-infra"), PINNED["pytorch/test-infra"]
    for path in list_files(repo, commit, _FIXTURES):
        text = _read(repo, commit, path) or ""
        lines = [line for line in text.split("\n") if not line.startswith("#=SOURCE=#")]
        marked = [line for line in lines if line.startswith(_MARK)]
        if path.endswith(".txt") and len(marked) == 1 and len(text) > 10_000:
            plain = [line.removeprefix(_MARK).replace("‹", "").replace("›", "") for line in lines]
            yield "\n".join(plain), marked[0].removeprefix(_MARK).replace("‹", "").replace("›", "")


def read_ordinary(mirrors: Path) -> Iterator[str]:
    """Yield stretches of 700 lines of logs that hold hardly any secret."""
    for name, under, end in (
        ("BugSwarm/bugswarm", _ANALYZER, ".log"),
        ("pytorch/test-infra", _FIXTURES, ".txt"),
        ("logpai/loghub", "", "_2k.log"),
    ):
        repo, commit = find_mirror(mirrors, name), PINNED[name]
        paths = [path for path in list_files(repo, commit, under) if path.endswith(end)]
        # Every third of BugSwarm's two thousand, other ones than while the rules were written.
        for path in paths[1::3] if len(paths) > 1_000 else paths:
            lines = (_read(repo, commit, path) or "").split("\n")
            first = int(hashlib.sha256(path.encode()).hexdigest(), 16) % max(1, len(lines) - 700)
            yield "\n".join(lines[first : first + 700])


def find_needle(label: str, log: str) -> str | None:
    """Return the part of a label that a log shows, the longest first."""
    label = label.strip().rstrip(":").strip()
    candidates = [label]
    if (named := re.fullmatch(r"(.*?) ?\(([\w.]+)\)", label)) is not None:
        candidates += [named[1], named[1].split("[")[0], named[2], named[2].rpartition(".")[2]]
    plain = re.sub(r"[\[(].*$", "", label)
    candidates += [label.rpartition("::")[2], label.rpartition("›")[2].strip()]
    candidates += [plain.rpartition(".")[2], plain.rpartition(".")[0].rpartition(".")[2]]
    words = label.split()
    candidates += [" ".join(words[start:]) for start in range(1, len(words))]
    return next((one for one in candidates if len(one) >= 3 and one in log), None)


def list_files(repo: Path, commit: str, under: str) -> Sequence[str]:
    """Return the paths below a folder at a commit."""
    argv = ["git", "-C", str(repo), "ls-tree", "-r", "--name-only", commit, *([under] if under else [])]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split("\n")[:-1]


def _read(repo: Path, commit: str, path: str) -> str | None:
    """Return a file's text; None: too large for the mirror, or not there."""
    argv = ["git", "-C", str(repo), "cat-file", "blob", f"{commit}:{path}"]
    done = subprocess.run(argv, check=False, capture_output=True)
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _read_labels(source: str) -> dict[str, str]:
    """Return the failing tests of each log, out of a test module's calls."""
    found: dict[str, str] = {}
    if not source:
        return found
    suite = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    folders: dict[str, str] = {}
    for node in suite.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            folders[node.targets[0].id] = _evaluate(node.value, folders) or ""
    for node in suite.body:
        if isinstance(node, ast.FunctionDef):
            found |= _read_test(node, folders)
    return found


def _read_test(test: ast.FunctionDef, folders: dict[str, str]) -> dict[str, str]:
    values = dict(folders)
    logs: dict[str, str] = {}
    found: dict[str, str] = {}
    for node in test.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            values[name] = _evaluate(node.value, values) or ""
            if isinstance(node.value, ast.Call) and "analyze" in ast.unparse(node.value.func):
                read = [_evaluate(argument, values) or "" for argument in node.value.args]
                logs[name] = next((path for path in read if path.endswith(".log")), "")
        elif isinstance(node, ast.Expr) and "compare_tr_t_failed(" in ast.unparse(node.value):
            assert isinstance(node.value, ast.Call)
            result, label = node.value.args
            log, said = logs.get(ast.unparse(result), ""), _evaluate(label, values)
            if log and said:
                found[log] = said
    return found


def _evaluate(node: ast.expr, values: dict[str, str]) -> str | None:
    """Return what an expression of strings, names and ``join`` stands for."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [_evaluate(left, values), _evaluate(right, values)]
            return None if None in parts else "".join(part or "" for part in parts)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return values.get(name)
        case ast.Call(args=arguments) if ast.unparse(node.func).endswith("join"):
            return "/".join((_evaluate(one, values) or "").rstrip("/") for one in arguments)
        case _:
            return None
