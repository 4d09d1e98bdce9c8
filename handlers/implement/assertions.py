"""Find tests in Python that assert nothing: they pass as soon as the code that they call raises nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from bot.change.records import Proof

_RAISING = {"raises", "warns", "fail"}


def find_idle_tests(proof: Proof) -> Iterator[str]:
    """Yield the ids of tests that assert nothing, without parameters."""
    failing = {failure.test.partition("[")[0] for failure in proof.failures}
    for path, text in proof.files.files.items():
        if text is None or not path.endswith(".py"):
            continue
        functions = _list_functions(ast.parse(text))
        for name, function in functions.items():
            if f"{path}::{name}" in failing and not _asserts(function, functions):
                yield f"{path}::{name}"


def _list_functions(tree: ast.Module) -> dict[str, ast.AST]:
    """Return functions and methods of a module, named as in ids of tests."""
    found: dict[str, ast.AST] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            methods = (one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}::{one.name}": one for one in methods}
    return found


def _asserts(function: ast.AST, functions: Mapping[str, ast.AST]) -> bool:
    """Return whether a function asserts anything, or a helper beside it does."""
    helpers = {name.rpartition("::")[2]: node for name, node in functions.items() if node is not function}
    for node in ast.walk(function):
        name = _name_called(node)
        if isinstance(node, ast.Assert) or "assert" in name.lower() or name in _RAISING:
            return True
        if name in helpers and any(isinstance(inner, ast.Assert) for inner in ast.walk(helpers[name])):
            return True
    return False


def _name_called(node: ast.AST) -> str:
    """Return the last part of the name that a node calls, "" for none."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
