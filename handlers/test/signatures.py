"""Read which public functions a module has, and what kinds of values they take (pure)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
_KINDS = {
    **{name: name for name in ("int", "float", "complex", "bool", "str", "bytes", "tuple")},
    **{name: name for name in ("Decimal", "Fraction", "UUID", "date", "datetime", "timedelta")},
    **dict.fromkeys(("list", "List", "Sequence", "Iterable", "Collection", "Iterator"), "list"),
    **dict.fromkeys(("set", "Set", "frozenset", "AbstractSet"), "set"),
    **dict.fromkeys(("dict", "Dict", "Mapping"), "dict"),
    "AnyStr": "str", "Tuple": "tuple", "bytearray": "bytes",
    # words of docstrings
    "integer": "int", "number": "float", "string": "str", "boolean": "bool",
}  # fmt: skip
_RAISED = re.compile(r"^[ \t]*(?::raises?[ \t]+)?([A-Z]\w*(?:Error|Exception|Warning|Exit))\b", re.MULTILINE)


class Signature(NamedTuple):
    """A public function: its required arguments with the kinds of values."""

    name: str
    words: tuple[str, ...]
    required: tuple[tuple[str, str], ...]  # the kind is "" where nothing says it
    errors: tuple[str, ...]
    lines: range

    @property
    def drawable(self) -> bool:
        return bool(self.required) and all(kind for _, kind in self.required)

    @property
    def draws(self) -> tuple[str, ...]:
        return tuple(f"{name}: {kind}" for name, kind in self.required if kind)


def read_signatures(text: str) -> list[Signature]:
    """Return the public functions of a module.

    Of its classes those that need no instance; nothing where this Python cannot read it.
    """
    try:
        return list(_read(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return []


def _read(tree: ast.Module) -> Iterator[Signature]:
    for node in tree.body:
        if isinstance(node, Function):
            yield from _sign(node, "", 0)
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for one in node.body:
                if isinstance(one, Function):
                    kinds = {getattr(decorator, "id", "") for decorator in one.decorator_list}
                    if kinds & {"staticmethod", "classmethod"}:
                        yield from _sign(one, f"{node.name}.", int("classmethod" in kinds))


def _sign(node: Function, prefix: str, skipped: int) -> Iterator[Signature]:
    if node.name.startswith("_"):
        return
    positional = [*node.args.posonlyargs, *node.args.args][skipped:]
    required = positional[: len(positional) - len(node.args.defaults)]
    required += [one for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if not default]
    documented = ast.get_docstring(node) or ""
    raised = [one.exc for one in ast.walk(node) if isinstance(one, ast.Raise) and one.exc is not None]
    names = [ast.unparse(one.func if isinstance(one, ast.Call) else one) for one in raised]
    yield Signature(
        name=prefix + node.name,
        words=tuple(node.name.casefold().split("_")),
        required=tuple((one.arg, _find_kind(one, documented)) for one in required),
        errors=tuple(dict.fromkeys([*_RAISED.findall(documented), *(one for one in names if one[:1].isupper())])),
        lines=range(node.lineno, (node.end_lineno or node.lineno) + 1),
    )


def _find_kind(argument: ast.arg, documented: str) -> str:
    """Return the kind of an argument by its annotation or the docstring."""
    if argument.annotation is not None:
        return _name_kind(ast.unparse(argument.annotation).strip("'\""))
    name = argument.arg
    styles = (rf":type[ ]+{name}:(.+)", rf":param[ ]+([\w.]+)[ ]+{name}:", rf"^[ \t]*{name}[ ]*[(:]([^):\n]+)")
    found = next((match[1] for style in styles if (match := re.search(style, documented, re.MULTILINE))), "")
    return _name_kind(found.partition(",")[0].strip())


def _name_kind(text: str) -> str:
    """Return the kinds that a type names, "" where one is not known."""
    if text.startswith(("Optional[", "typing.Optional[")):
        text = text.partition("[")[2].removesuffix("]")
    parts = [part.strip().partition("[")[0].rpartition(".")[2] for part in re.split(r"\|| or ", text)]
    kinds = [_KINDS.get(part, "") for part in parts if part != "None"]
    return " or ".join(dict.fromkeys(kinds)) if kinds and all(kinds) else ""
