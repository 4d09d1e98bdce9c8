"""Find the code that tests are wanted for: a path, a dotted name, ``path:function``, or changed lines (pure)."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import PurePosixPath

from pydantic import Field

from bot.github.text.diffs import parse_diff
from bot.mutation.records import Scope
from bot.types import JsonModel

Read = Callable[[str], str | None]
# what in prose may name a file, a module or a function
_NAME = re.compile(r"[\w./-]*\w\.py(?::\w[\w.]*)?|\b\w+(?:\.\w+)+\b|`(\w+)`")
_MOST_FILES = 20
_HOW = "Name a path (`src/prices.py`), a dotted name (`shop.prices.total`) or `path:function`."


class Target(JsonModel):
    """Files with the parts that tests are wanted for, and how it was named.

    ``problem`` says, in a sentence, why there is none.
    """

    scopes: dict[str, Scope] = Field(default={})
    name: str = ""
    problem: str = ""


def find_named(text: str, paths: Collection[str], read: Read) -> Target:
    """Find what a command names; ``paths`` are the product's Python files."""
    scopes: dict[str, Scope] = {}
    for word in text.split():
        found = _resolve(word.strip("`,;"), paths, read)
        if isinstance(found, str):
            return Target(problem=found)
        scopes |= found
    if len(scopes) > _MOST_FILES:
        return Target(problem=f"That is {len(scopes)} files; name at most {_MOST_FILES}, better one. {_HOW}")
    return Target(scopes=scopes, name=" ".join(text.split()))


def find_mentioned(text: str, paths: Collection[str], read: Read) -> Target:
    """Find what an issue's text names, leaving out words that name nothing."""
    scopes: dict[str, Scope] = {}
    names = []
    for match in _NAME.finditer(text):
        word = match[1] or match[0]
        found = _resolve(word, paths, read)
        if not isinstance(found, str) and len(scopes | found) <= _MOST_FILES:
            scopes |= {path: scope for path, scope in found.items() if path not in scopes or scope.names}
            names.append(word)
    if not scopes:
        return Target(problem=f"The text names no Python file, module or function of this repository. {_HOW}")
    return Target(scopes=scopes, name=", ".join(dict.fromkeys(names)))


def find_changed(diff: str, paths: Collection[str]) -> Target:
    """Find the lines that a pull request adds to product code."""
    scopes = {}
    for file in parse_diff(diff):
        lines = [line.new for hunk in file.hunks for line in hunk.lines if line.kind == "+" and line.new is not None]
        if file.path in paths and lines:
            scopes[file.path] = Scope(lines=tuple(lines))
    if not scopes:
        return Target(problem=f"This pull request changes no Python code that a test could run. {_HOW}")
    return Target(scopes=scopes, name="the changed lines")


def list_modules(paths: Iterable[str]) -> list[str]:
    """Return the names that files may be imported by."""
    return [name for path in paths for name in _name_module(path)]


def _resolve(word: str, paths: Collection[str], read: Read) -> dict[str, Scope] | str:
    """Return the files that a word names, or why it names none."""
    path, _, name = word.partition(":")
    path = path.removeprefix("./").rstrip("/")
    if path in paths:
        return _name_part(path, name, read)
    below = [one for one in paths if one.startswith(f"{path}/")]
    if below and not name:
        return {one: Scope() for one in sorted(below)}
    for module, rest in _split(word):
        found = [one for one in paths if module in _name_module(one)]
        if len(found) == 1:
            return _name_part(found[0], rest, read)
    return f"`{word[:100]}` is no Python file, module or function of this repository. {_HOW}"


def _split(word: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to read a dotted name: its module, and a name in it."""
    parts = word.split(".")
    for length in range(len(parts), 0, -1):
        yield ".".join(parts[:length]), ".".join(parts[length:])


def _name_module(path: str) -> list[str]:
    """Return the names a file may be imported by, the longest first."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    parts = parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts
    return (
        [".".join(parts), ".".join(parts[1:])] if parts[0] in {"src", "lib"} and len(parts) > 1 else [".".join(parts)]
    )


def _name_part(path: str, name: str, read: Read) -> dict[str, Scope] | str:
    if not name:
        return {path: Scope()}
    known = list_definitions(read(path) or "")
    if known is not None and name not in known:
        return f"`{path}` has no function or class `{name[:100]}`."
    return {path: Scope(names=(name,))}


def list_definitions(source: str) -> set[str] | None:
    """Return the dotted names of a module's functions and classes.

    None where this Python cannot read it: it may be written for a newer one.
    """
    try:
        return set(_walk(ast.parse(source), ""))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _walk(node: ast.AST, prefix: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield prefix + child.name
            yield from _walk(child, f"{prefix}{child.name}.")
        else:
            yield from _walk(child, prefix)
