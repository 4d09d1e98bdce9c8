"""Make tests of the examples in documentation, so that they run as tests do.

The tests of a repository run in the sandbox, and our reporter signs their verdicts; an example that ends the process
loses its verdict and is not taken for one that passed. So each example becomes a test of a module that is laid beside
the repository's own for one run (``inside/runner.py`` with the examples as data).
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from bot.documentation.mentions import is_python, is_shell
from bot.documentation.passages import Passage
from bot.surface.source import parse
from bot.types import JsonModel

_RUNNER = Path(__file__).parent / "inside" / "runner.py"
_SKIPPED = re.compile(r"#\s*doctest:\s*\+SKIP|:skipif:|#\s*(?:not run|no-?run|skip)\b", re.I)
_PROMPT = re.compile(r"^\s*\$ ", re.M)


class Example(JsonModel):
    """Code of a passage that can be run."""

    path: str
    line: int
    kind: Literal["script", "session", "shell"]
    text: str


class ExampleTest(JsonModel):
    """Examples that run in turn in one namespace; the last one counts."""

    name: str
    examples: tuple[Example, ...]


class Rewrite(JsonModel):
    """Example that a change wrote, and what stood in its place."""

    after: tuple[Example, ...]  # those before it on its page, and itself
    before: tuple[Example, ...] = ()

    @property
    def example(self) -> Example:
        return self.after[-1]


def read_examples(passages: Iterable[Passage], programs: Sequence[str]) -> tuple[Example, ...]:
    """Return what can be run: Python, sessions, calls of own programs."""
    return tuple(example for one in passages if (example := _read(one, programs)) is not None)


def find_rewrites(before: Sequence[Example], after: Sequence[Example]) -> tuple[Rewrite, ...]:
    """Pair the examples of a page that a change wrote with those they replace."""
    old, new = [one.text for one in before], [one.text for one in after]
    found = []
    for tag, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for number in range(first, last) if tag != "equal" else ():
            place = start + number - first
            replaced = tuple(before[: place + 1]) if place < end else ()
            found.append(Rewrite(after=tuple(after[: number + 1]), before=replaced))
    return tuple(found)


def find_evasion(example: Example) -> str | None:
    """Return how an example avoids being run or failing, if it does."""
    if _SKIPPED.search(example.text):
        return "it asks not to be run"
    tree = parse(textwrap.dedent(example.text)) if example.kind == "script" else None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.If | ast.While) and isinstance(node.test, ast.Constant) and not node.test.value:
            return "a condition that never holds keeps it from being run"
        if isinstance(node, ast.ExceptHandler) and all(isinstance(one, ast.Pass) for one in node.body):
            return "it swallows what goes wrong"
    return None


def write_tests(tests: Sequence[ExampleTest], packages: Iterable[str] = ()) -> str:
    """Write the module that runs examples, each as the test ``Examples.NAME``.

    ``packages`` are imported before, as pages take for granted.
    """
    named = [{"name": one.name, "examples": [each.model_dump() for each in one.examples]} for one in tests]
    data = {"packages": sorted(packages), "tests": named}
    return _RUNNER.read_text().replace('"EXAMPLES"', repr(json.dumps(data)))


def _read(passage: Passage, programs: Sequence[str]) -> Example | None:
    text = textwrap.dedent(passage.text)
    if is_python(passage):
        kind: Literal["script", "session"] = "session" if ">>>" in text else "script"
        return Example(path=passage.path, line=passage.start, kind=kind, text=text)
    if is_shell(passage) and _PROMPT.search(text):
        commands = re.findall(r"^\s*\$ (\S+)", text, re.M)
        if all(command in {*programs, "python", "python3"} for command in commands):
            return Example(path=passage.path, line=passage.start, kind="shell", text=text)
    return None
