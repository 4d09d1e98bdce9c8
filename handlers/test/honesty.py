"""Read new tests for ways to notice a mutant without testing what the code does (pure).

A mutant lives in memory: whoever compares the code with its file, or replaces part of the target, notices it and has
tested nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

# modules that read or make code, and so could tell a mutant by what it is written like
_READERS = {
    "inspect", "dis", "ast", "gc", "importlib", "imp", "runpy", "ctypes", "tokenize", "linecache", "marshal",
    "symtable", "trace", "opcode", "code", "codeop", "pkgutil", "zipimport", "subprocess", "multiprocessing",
}  # fmt: skip
_ATTRIBUTES = {
    "__code__", "__globals__", "__closure__", "__builtins__", "__file__", "__spec__", "__loader__", "__import__",
    "_getframe", "settrace", "setprofile", "getsource", "fork", "popen", "system",
}  # fmt: skip
# names of attributes that a test may hide in a text, for ``getattr``
_HIDDEN = re.compile(r"__(?:code|globals|closure|builtins|spec|loader|import)__|co_[a-z]+|_getframe|getsource")
_SYSTEM = {"modules", "meta_path", "path_hooks", "monitoring"}
_CALLS = {"exec", "eval", "compile", "__import__", "globals", "vars"}
_PATCHES = {"patch", "setattr", "setitem", "delattr", "delitem"}
# what a skip is reached by; a product may have a ``skip`` of its own
_RUNNERS = {"pytest", "unittest", "mark", "self", "cls"}
_SKIPS = {"skip", "skipif", "skipIf", "skipUnless", "skipTest", "xfail", "importorskip", "expectedFailure"}
# A target's function with fewer statements than this is too small to tell a copy from chance.
_LEAST = 3
_SHARE = 0.5


class Objection(NamedTuple):
    """Fault of a new test; line 0 stands for the whole file."""

    line: int
    why: str

    @property
    def told(self) -> str:
        return f"line {self.line}: {self.why}" if self.line else self.why


def find_cheats(source: str, modules: Collection[str]) -> list[Objection]:
    """Return what a new test file must not do.

    ``modules`` are the names that the target's files are imported by. Raises :class:`SyntaxError`.
    """
    tree = ast.parse(source)
    bound = dict(_bind(tree, modules))
    found = [(node.lineno, why) for node in ast.walk(tree) for why in _judge(node, bound, modules)]  # type: ignore[attr-defined]
    return [Objection(*one) for one in sorted(set(found))]


def find_copies(source: str, targets: Mapping[str, str]) -> list[str]:
    """Return the target's functions whose statements a new test file repeats.

    A copy is equal to the code with its faults. ``targets`` are the texts of the target's files by path.
    """
    mine = set(_statements(ast.parse(source)))
    found = []
    for path, text in targets.items():
        for function in _functions(text):
            theirs = set(_statements(function))
            if len(theirs) >= _LEAST and len(theirs & mine) >= max(_LEAST, _SHARE * len(theirs)):
                found.append(f"it repeats `{function.name}` of {path}; write down what is right instead")
    return found


def _bind(tree: ast.Module, modules: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the names that stand for the target or a part of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _is_target(alias.name, modules) or any(one.startswith(f"{alias.name}.") for one in modules):
                    yield alias.asname or alias.name.partition(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if _is_target(full, modules) or _is_target(str(node.module), modules):
                    yield alias.asname or alias.name, full


def _is_target(name: str, modules: Collection[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in modules)


def _judge(node: ast.AST, bound: Mapping[str, str], modules: Collection[str]) -> Iterator[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
        if names[0] in _RUNNERS and any(alias.name in _SKIPS for alias in node.names):
            yield "it imports what skips a test or expects it to fail, and such a test shows nothing"
        for name in names:
            if name.partition(".")[0] in _READERS or "forgehand" in name:
                yield f"it imports `{name}`, by which a test could look at code instead of what the code does"
    elif isinstance(node, ast.Attribute):
        if node.attr in _ATTRIBUTES or node.attr.startswith("co_") or (_root(node) == "sys" and node.attr in _SYSTEM):
            yield f"it uses `{node.attr}`, by which a test could look at code instead of what the code does"
        if node.attr in _SKIPS and _root(node) in _RUNNERS:
            yield f"it uses `{node.attr}`; a test that is skipped or expected to fail shows nothing"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if _HIDDEN.fullmatch(node.value) or "forgehand" in node.value:
            yield f"it names {node.value[:40]!r}, by which a test could look at code instead of what the code does"
    elif isinstance(node, ast.Call):
        yield from _judge_call(node, bound, modules)
    elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete)):
        targets = node.targets if not isinstance(node, ast.AugAssign) else [node.target]
        if any(isinstance(one, (ast.Attribute, ast.Subscript)) and _root(one) in bound for one in targets):
            yield "it replaces a part of what it tests"


def _judge_call(node: ast.Call, bound: Mapping[str, str], modules: Collection[str]) -> Iterator[str]:
    name = _last(node.func)
    if isinstance(node.func, ast.Name) and name in _CALLS:
        yield f"it calls `{name}`, by which a test could look at code instead of what the code does"
    patches = name in _PATCHES or (isinstance(node.func, ast.Attribute) and _last(node.func.value) == "patch")
    if not patches or not node.args:
        return
    first = node.args[0]
    by_name = isinstance(first, ast.Constant) and isinstance(first.value, str) and _is_target(first.value, modules)
    if by_name or _root(first) in bound:
        yield "it replaces a part of what it tests"


def _last(node: ast.AST) -> str:
    """Return the last name of a dotted one."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _root(node: ast.AST) -> str:
    """Return the name that a chain of attributes and subscripts begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _functions(text: str) -> Iterable[ast.FunctionDef | ast.AsyncFunctionDef]:
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def _statements(node: ast.AST) -> Iterator[str]:
    """Yield statements without docstrings and names of variables."""
    for one in ast.walk(node):
        if isinstance(one, (ast.If, ast.While)):
            yield _blur(one.test)
        elif isinstance(one, ast.For):
            yield _blur(one.iter)
        elif (
            isinstance(one, ast.stmt)
            and not hasattr(one, "body")
            and not isinstance(getattr(one, "value", None), ast.Constant)
        ):
            yield _blur(one)


def _blur(node: ast.AST) -> str:
    text = ast.dump(node)
    names = dict.fromkeys(one.id for one in ast.walk(node) if isinstance(one, ast.Name))
    for name in names:
        text = text.replace(f"id='{name}'", "id=''")
    return text
