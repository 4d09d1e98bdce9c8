"""Take single test functions out of new test files, with what only they used (pure)."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator

from bot.git.changes import Changes

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def drop_tests(changes: Changes, bad: Collection[str]) -> Changes:
    """Return the change without some tests.

    They are named ``path::Class::function``; a path alone drops its file.
    """
    files = {}
    for path, text in changes.files.items():
        names = {name.partition("::")[2] for name in bad if name.partition("::")[0] == path}
        kept = text if not names or text is None else _drop(text, names)
        if kept is not None:
            files[path] = kept
    return changes.model_copy(update={"files": files})


def find_test(source: str, line: int) -> str:
    """Return the test function around a line, "" where there is none."""
    for name, node in _list_tests(ast.parse(source)):
        if line in _span(node):
            return name
    return ""


def _drop(text: str, names: Collection[str]) -> str | None:
    """Return a file without tests; None where none is left."""
    if "" in names:
        return None
    tree = ast.parse(text)
    dropped: list[ast.stmt] = [node for name, node in _list_tests(tree) if name in names]
    left = [name for name, _ in _list_tests(tree) if name not in names]
    if not left:
        return None
    dropped += [node for node in tree.body if isinstance(node, ast.ClassDef) and _is_emptied(node, dropped)]
    text = _cut(text, dropped)
    used = _count(tree)
    while idle := _find_idle(ast.parse(text), used):
        text = _cut(text, idle)
    return _shorten_imports(text, used)


def _shorten_imports(text: str, used: Counter[str]) -> str:
    """Take names that are not used any more out of the imports of others."""
    tree = ast.parse(text)
    now = _count(tree)
    for node in [one for one in tree.body if isinstance(one, ast.ImportFrom)][::-1]:
        kept = [one for one in node.names if now[one.asname or one.name] or not used[one.asname or one.name]]
        if len(kept) < len(node.names):
            node.names = kept
            lines = text.split("\n")
            lines[node.lineno - 1 : node.end_lineno] = [ast.unparse(node)]
            text = "\n".join(lines)
    return text


def _list_tests(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for one in inner:
            if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.name.startswith("test"):
                yield prefix + one.name, one


def _is_emptied(node: ast.ClassDef, dropped: Collection[ast.AST]) -> bool:
    tests = [one for one in node.body if one in dropped]
    rest = [one for one in node.body if one not in dropped and getattr(one, "name", "").startswith("test")]
    return bool(tests) and not rest


def _find_idle(tree: ast.Module, used: Counter[str]) -> list[ast.stmt]:
    """Return imports, helpers and values that are not used any more."""
    now = _count(tree)
    return [
        node
        for node in tree.body
        if (names := list(_bound(node))) and all(used[name] and not now[name] for name in names)
    ]


def _bound(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement of a module binds for its tests."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (one.asname or one.name.partition(".")[0] for one in node.names)
    elif isinstance(node, Definition) and not node.name.lower().startswith("test"):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (one.id for one in node.targets if isinstance(one, ast.Name))


def _count(tree: ast.Module) -> Counter[str]:
    """Count how often names are used; a fixture is by a parameter's name."""
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    names += [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return Counter([*names, *texts])


def _span(node: ast.stmt) -> range:
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return range(first, (node.end_lineno or node.lineno) + 1)


def _cut(text: str, nodes: Collection[ast.stmt]) -> str:
    """Return a text without the lines of statements and the blank ones before."""
    lines = text.split("\n")
    gone = {line for node in nodes for line in _span(node)}
    for first in {min(_span(node)) for node in nodes}:
        above = first - 1
        while above > 0 and not lines[above - 1].strip():
            gone.add(above)
            above -= 1
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in gone).lstrip("\n")
