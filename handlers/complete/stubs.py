"""Find what a change leaves open in Python, and whether it was filled in afterwards."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection

from handlers.complete.records import Kind, Stub

_TODO = re.compile(r"#.*\b(?:TODO|FIXME|XXX)\b")
# functions that stay empty on purpose
_TEXT = 200
_ABSTRACT = {"abstractmethod", "abstractproperty", "overload"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def find_stubs(path: str, text: str, added: Collection[int]) -> list[Stub]:
    """Return the stubs, unfinished branches and TODOs in the added lines."""
    tree = _parse(text)
    if tree is None:
        return []
    functions = list_functions(tree)
    todos = list_todos(text)
    places: dict[int, tuple[Kind, str]] = {}
    for name, function in functions.items():
        if _may_stay_open(tree, name, function):
            continue
        if is_stub(function, todos):
            places[function.body[-1].lineno] = ("function", name)
        else:
            places |= dict.fromkeys(_raised(function), ("branch", name))
    empty = {name for kind, name in places.values() if kind == "function"}
    for line in todos:
        if (inside := _enclosing(functions, line)) not in empty:
            places.setdefault(line, ("todo", inside))
    lines = text.splitlines()
    return [
        Stub(path=path, line=line, kind=kind, function=name, text=todos.get(line, lines[line - 1].strip()[:_TEXT]))
        for line, (kind, name) in sorted(places.items())
        if line in added
    ]


def find_unfilled(stub: Stub, before: str, after: str | None) -> str:
    """Say why a stub is not filled in, "" where it is."""
    old, new = _parse(before), _parse(after or "")
    if after is None or old is None or new is None:
        return f"{stub.place}: the file is gone or cannot be parsed"
    was, now = (list_functions(tree).get(stub.function) for tree in (old, new))
    if stub.function and (was is None or now is None):
        return f"{stub.place}: `{stub.function}` was removed rather than filled in"
    if ast.dump(was or old) == ast.dump(now or new):
        return f"{stub.place}: the code is as it was"
    todos = list_todos(after)
    span = range(now.lineno, (now.end_lineno or now.lineno) + 1) if now is not None else todos
    if stub.kind == "todo" and any(todos.get(line) == stub.text for line in span):
        return f"{stub.place}: `{stub.text}` is still there"
    return _find_left(stub, was, now, todos) if was is not None and now is not None else ""


def _find_left(stub: Stub, was: Function, now: Function, todos: Collection[int]) -> str:
    if ast.dump(was.args) != ast.dump(now.args):
        return f"{stub.place}: the parameters of `{stub.function}` changed"
    if is_stub(now, todos):
        return f"{stub.place}: `{stub.function}` is still a stub"
    if stub.kind == "branch" and len(_raised(now)) >= len(_raised(was)):
        return f"{stub.place}: `{stub.function}` still raises NotImplementedError"
    return ""


def list_functions(tree: ast.AST, prefix: str = "") -> dict[str, Function]:
    """Return functions and methods by their qualified names."""
    found: dict[str, Function] = {}
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            found[f"{prefix}{node.name}"] = node
        elif isinstance(node, ast.ClassDef):
            found |= list_functions(node, f"{prefix}{node.name}.")
    return found


def list_todos(text: str) -> dict[int, str]:
    """Return the TODO comments by their lines."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return {}
    comments = (token for token in tokens if token.type == tokenize.COMMENT and _TODO.search(token.string))
    return {token.start[0]: token.string.strip()[:_TEXT] for token in comments}


def is_stub(function: Function, todos: Collection[int]) -> bool:
    """Return whether a body does nothing yet.

    ``pass`` alone may be meant, so it counts only beside a TODO.
    """
    said = ast.get_docstring(function) is not None
    match function.body[said:]:
        case [ast.Raise(exc=error)]:
            return _names_unimplemented(error)
        case [ast.Expr(value=ast.Constant(value=value))]:
            return value is ...
        case [ast.Pass()]:
            return any(line in todos for line in range(function.lineno, (function.end_lineno or 0) + 1))
    return False


def _raised(function: Function) -> list[int]:
    return [
        node.lineno for node in ast.walk(function) if isinstance(node, ast.Raise) and _names_unimplemented(node.exc)
    ]


def _names_unimplemented(error: ast.expr | None) -> bool:
    called = error.func if isinstance(error, ast.Call) else error
    return getattr(called, "id", "") == "NotImplementedError"


def _may_stay_open(tree: ast.Module, name: str, function: Function) -> bool:
    """Return whether a method is declared abstract, or is for subclasses here."""
    decorators = {getattr(one, "attr", getattr(one, "id", "")) for one in function.decorator_list}
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    bases = {getattr(base, "id", "") for node in classes for base in node.bases}
    owner = name.rpartition(".")[0]
    return bool(decorators & _ABSTRACT) or (bool(owner) and owner in bases)


def _enclosing(functions: dict[str, Function], line: int) -> str:
    return next((name for name, one in functions.items() if one.lineno <= line <= (one.end_lineno or one.lineno)), "")


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None
