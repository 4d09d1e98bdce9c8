"""Outline a file by its syntax tree: every definition and its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bot.context.languages import TYPES, Language

if TYPE_CHECKING:
    from ast_grep_py import Pos, SgNode

_SIGNATURE = 240  # characters
_MAX_DEFINITIONS = 5_000  # of a file; generated code may hold more
_NAME_KINDS = ("simple_identifier", "type_identifier", "identifier", "constant", "name")
_FUNCTION_VALUES = frozenset(("arrow_function", "function_expression", "function", "generator_function"))
_OPENED = re.compile(r"\s*(?:[{:]|=>?)?\s*$")
_SPACE = re.compile(r"\s+")


class Definition(NamedTuple):
    """A symbol, from ``start`` to ``end`` (both included)."""

    kind: str
    name: str
    container: str
    start: int
    end: int
    signature: str

    @property
    def qualified(self) -> str:
        return f"{self.container}.{self.name}" if self.container else self.name

    @property
    def is_function(self) -> bool:
        return self.kind in {"function", "method", "macro", "property"}


def read_outline(text: str, language: Language) -> tuple[Definition, ...]:
    """List up to 5,000 definitions in order; of broken code, what parses."""
    from ast_grep_py import SgRoot

    lines = text.split("\n")
    root = SgRoot(text, language.grammar).root()
    nodes = root.find_all(any=[{"kind": kind} for kind in language.definitions])
    found = [one for node in nodes for one in _read_definition(node, language, lines)]
    found.sort(key=lambda one: (one[0], -one[1]))
    return tuple(_fill_containers(found[:_MAX_DEFINITIONS]))


def _read_definition(node: SgNode, language: Language, lines: Sequence[str]) -> Iterator[tuple[int, int, Definition]]:
    """Read at most one definition, with the offsets of its ends."""
    kind = node.kind()
    if kind in language.valued and not _holds_function(node):
        return
    name, container = _read_name(node, kind)
    if not name:
        return
    span = node.range()
    body = node.field("body")
    start = span.start.line
    end = span.end.line
    # A node that ends with its line break (a macro) ends on the line before.
    end = end - 1 if span.end.column == 0 and end > start else end
    inside = body.range().start if body else None
    yield (
        span.start.index,
        span.end.index,
        Definition(
            kind=language.definitions[kind],
            name=name,
            container=container,
            start=start + 1,
            end=end + 1,
            signature=_read_signature(lines, span.start, inside),
        ),
    )


def _read_signature(lines: Sequence[str], start: Pos, body: Pos | None) -> str:
    """Read up to the definition's body, or the line's end if that is far."""
    if body is None or body.line > start.line + 12:
        head = [lines[start.line][start.column :]]
    elif body.line == start.line:
        head = [lines[start.line][start.column : body.column]]
    else:
        head = [lines[start.line][start.column :], *lines[start.line + 1 : body.line], lines[body.line][: body.column]]
    return _OPENED.sub("", _SPACE.sub(" ", " ".join(head)))[:_SIGNATURE].strip()


def _holds_function(node: SgNode) -> bool:
    value = node.field("value") or node.field("right")
    return value is not None and value.kind() in _FUNCTION_VALUES


def _read_name(node: SgNode, kind: str) -> tuple[str, str]:
    """Read the name and, of Go receivers and C++ names, the container."""
    if kind in {"struct_specifier", "union_specifier", "enum_specifier", "class_specifier"} and not node.field("body"):
        return "", ""
    named = node.field("name") or node.field("left") or node.field("key")
    if named is None and kind == "impl_item":
        named = node.field("type")
    if named is None and (declarator := node.field("declarator")) is not None:
        named = _find_declared(declarator)
    if named is None:
        named = next((child for child in node.children() if child.kind() in _NAME_KINDS), None)
    if named is None:
        return "", ""
    text = re.sub(r"<.*", "", _SPACE.sub("", named.text())) if kind != "function_definition" else named.text()
    container, _, name = text.replace("::", ".").strip("\"'").rpartition(".")
    receiver = node.field("receiver")
    if receiver is not None:
        words: list[str] = re.findall(r"\w+", receiver.text().split("[")[0])
        container = words[-1] if words else ""
    return name, container.rpartition(".")[2]


def _find_declared(node: SgNode) -> SgNode | None:
    """Find the name at the bottom of C's nested declarators."""
    for _ in range(12):
        inner = node.field("declarator")
        if inner is None:
            inner = next((child for child in node.children() if child.kind().endswith("declarator")), None)
        if inner is None:
            return node
        node = inner
    return None


def _fill_containers(found: Sequence[tuple[int, int, Definition]]) -> Iterator[Definition]:
    """Fill in the enclosing type; a function inside a type is a method."""
    around: list[tuple[int, Definition]] = []
    for start, end, one in found:
        while around and around[-1][0] <= start:
            around.pop()
        holder = next((outer for _, outer in reversed(around) if outer.kind in TYPES), None)
        container = one.container or (holder.name if holder else "")
        method = one.kind == "function" and container and (holder is None or holder.kind != "module")
        yield one._replace(kind="method" if method else one.kind, container=container)
        around.append((end, one))
