"""Name changed functions that no test reaches, even by names alone.

A test reaches every name that it says, and the code of each product name that it says reaches on. Whatever could be
meant counts, so that what is left is surely not tested. A change that also changes a test is never told.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from bot.context.sieve import role_of
from bot.documentation.snapshot import Snapshot
from bot.surface.source import parse
from handlers.companions.records import Missing

_WORD = re.compile(r"[^\W\d]\w*")
# a body of one statement is hardly worth a test of its own
_LEAST = 2
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def find_untested(base: Snapshot, head: Snapshot) -> list[Missing]:
    """Return the new and changed public functions that no test reaches."""
    tests = _tests(head)
    if not _tests(base) or tests != _tests(base):
        return []
    reached = _reach({word for text in tests.values() for word in _WORD.findall(text)}, head.python)
    found = []
    for path, text in head.python.items():
        before = _functions(base.python.get(path, ""))
        for name, function in _functions(text).items():
            known = before.get(name)
            changed = known is None or ast.dump(known) != ast.dump(function)
            if changed and _is_public(name) and _size(function) >= _LEAST and name.rpartition(".")[2] not in reached:
                what = "new" if known is None else "changed"
                said = f"`{name}` is {what}, and no test names it or anything that calls it."
                found.append(Missing(kind="test", path=path, line=function.lineno, text=said))
    return found


def _tests(snapshot: Snapshot) -> dict[str, str]:
    return {
        path: text
        for path, text in snapshot.others.items()
        if path.endswith(".py") and role_of(path, is_code=True) == "test"
    }


def _functions(text: str) -> dict[str, _Function]:
    """Return a module's functions and methods by their qualified names."""
    tree = parse(text)
    return dict(_list_functions(tree.body, "")) if tree is not None else {}


def _list_functions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, _Function]]:
    for node in body:
        if isinstance(node, _Function):
            yield f"{prefix}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _list_functions(node.body, f"{prefix}{node.name}.")


def _is_public(name: str) -> bool:
    return not any(part.startswith("_") for part in name.split("."))


def _size(function: _Function) -> int:
    """Count the statements of a body, docstrings aside."""
    said = ast.get_docstring(function) is not None
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1 - said


def _reach(words: set[str], modules: Mapping[str, str]) -> set[str]:
    """Return all names that can be reached from ``words`` over definitions."""
    bodies: dict[str, set[str]] = {}
    for text in modules.values():
        tree = parse(text)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, _Definition):
                bodies.setdefault(node.name, set()).update(_names(node))
    reached: set[str] = set()
    waiting = list(words)
    while waiting:
        word = waiting.pop()
        if word not in reached:
            reached.add(word)
            waiting += bodies.get(word, ())
    return reached


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the names that code uses, those of its decorators included."""
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
            case ast.Constant(value=str(text)):
                yield from _WORD.findall(text)
