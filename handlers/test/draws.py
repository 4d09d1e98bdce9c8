"""Read how new tests draw input and what they let pass: seeded, bounded, no error swallowed (pure)."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from handlers.test.honesty import Objection
from handlers.test.invitations import draws_input

_MOST_EXAMPLES = 500
_ALL = {"Exception", "BaseException", "AssertionError"}
# of ``random``: what makes a generator of its own, or sets the seed of the one that the code uses
_SEEDED = {"Random", "seed"}
_UNSEEDED = {("secrets", ""), ("os", "urandom"), ("uuid", "uuid4"), ("uuid", "uuid1"), ("random", "")}
_SWALLOWED = "it swallows every error; let pass only those that are documented, by name"
_CHANGING = "it draws other input in every run; use `random.Random(0)`"


def find_loose_draws(source: str) -> list[Objection]:
    """Return what makes a test's input change, or hides how it fails.

    Raises :class:`SyntaxError`.
    """
    tree = ast.parse(source)
    bound = dict(_bind(tree))
    found = {(node.lineno, why) for node in ast.walk(tree) for why in _judge(node, bound)}  # type: ignore[attr-defined]
    return [Objection(*one) for one in sorted(found)]


def find_undocumented(source: str, texts: Collection[str]) -> list[Objection]:
    """Return the errors that a fuzz test lets pass, and no text names."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for error in _list_caught(node):
            name = _last(error)
            if name and name not in _ALL and not any(name in text for text in texts):
                why = f"`{name}` is named neither by the target's code nor its docstrings"
                found.append(Objection(error.lineno, why))
    return found


def find_fuzz_tests(source: str, names: Collection[str]) -> list[str]:
    """Return the tests that draw input and use one of the names."""
    tests = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    tests = [node for node in tests if node.name.startswith("test") and draws_input(node)]
    return [test.name for test in tests if any(_last(node) in names for node in ast.walk(test))]


def _bind(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield names with the module, and what of it, they stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((one.asname or one.name, (one.name, "")) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((one.asname or one.name, (str(node.module), one.name)) for one in node.names)


def _judge(node: ast.AST, bound: dict[str, tuple[str, str]]) -> Iterator[str]:
    if isinstance(node, ast.ExceptHandler) and not _speaks(node) and (node.type is None or _is_broad(node.type)):
        yield _SWALLOWED
    if isinstance(node, ast.Call):
        if _last(node.func) == "suppress" and any(_is_broad(one) for one in node.args):
            yield _SWALLOWED
        if _is_changing(node, bound):
            yield _CHANGING
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from _judge_property(node)


def _judge_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    calls = [one for one in node.decorator_list if isinstance(one, ast.Call)]
    if not any(_last(one.func) == "given" for one in calls):
        return
    given = {word.arg: word.value for one in calls if _last(one.func) == "settings" for word in one.keywords}
    fixed = given.get("derandomize")
    if not (isinstance(fixed, ast.Constant) and fixed.value is True):
        yield "its examples differ in every run; add `@settings(derandomize=True, deadline=None)`"
    most = given.get("max_examples")
    if most is not None and not (isinstance(most, ast.Constant) and _is_small(most.value)):
        yield f"`max_examples` has to be a number up to {_MOST_EXAMPLES}"


def _is_small(value: object) -> bool:
    return isinstance(value, int) and 0 < value <= _MOST_EXAMPLES


def _is_changing(node: ast.Call, bound: dict[str, tuple[str, str]]) -> bool:
    """Return whether a call draws from a generator without a seed."""
    function = node.func
    root = function.value if isinstance(function, ast.Attribute) else function
    module, name = bound.get(getattr(root, "id", ""), ("", ""))
    name = function.attr if isinstance(function, ast.Attribute) and not name else name
    if module == "random" and name in _SEEDED:
        return not node.args and not node.keywords
    return bool(module) and ((module, name) in _UNSEEDED or (module, "") in _UNSEEDED)


def _list_caught(node: ast.AST) -> list[ast.expr]:
    """Return the errors that a handler, ``suppress`` or ``raises`` lets pass."""
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        return _spread(node.type)
    if isinstance(node, ast.Call) and _last(node.func) in {"suppress", "raises"}:
        return [one for argument in node.args for one in _spread(argument)]
    return []


def _spread(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _is_broad(node: ast.expr) -> bool:
    return any(_last(one) in _ALL for one in _spread(node))


def _speaks(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler raises, asserts or fails the test."""
    nodes = [node for one in handler.body for node in ast.walk(one)]
    return any(isinstance(one, (ast.Raise, ast.Assert)) or _last(one) == "fail" for one in nodes)


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
