"""Find the mutants of Python source: small faults that a good test notices.

Left out is what no test should notice: texts, what is raised with an exception, log lines, assertions, annotations,
``__repr__`` and ``__str__``. Standard library only; any Python from 3.9 on.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Union

RETURN_NONE = "return-none"
WRONG_RESULT = "wrong-result"
_TEXT = 120
_COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd,
}  # fmt: skip
# Another value of the same type, where one is easily made: a test that only looks whether something comes out, or of
# which type, does not notice it. Types are spelt by literals, since a module may have names of its own for them.
_CHANGE = ast.parse(
    """
(lambda value: {
    (True).__class__: lambda: not value,
    (0).__class__: lambda: value + 1,
    (0.0).__class__: lambda: value + 1,
    "".__class__: lambda: value + "?",
    b"".__class__: lambda: value + b"?",
    [].__class__: lambda: [*value, None],
    ().__class__: lambda: (*value, None),
    {}.__class__: lambda: {**value, None: None},
    {0}.__class__: lambda: {*value, None},
}.get(value.__class__, lambda: value)())
""".strip(),
    mode="eval",
).body
# tests of these kinds have mutants of their own: their opposite says nothing more
_HAS_OWN = (ast.Compare, ast.BoolOp, ast.Constant)
# joined or repeated, where other operators only raise a TypeError
_SEQUENCES = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)
_ARID_FUNCTIONS = {"__repr__", "__str__"}
_ARID_CALLS = {"print", "pprint", "warn"}
_LOG_METHODS = {"debug", "info", "warning", "warn", "error", "exception", "critical", "log"}
_ARID_STATEMENTS = (ast.Assert, ast.Import, ast.ImportFrom)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Outer = Union[ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef]


class Mutant(NamedTuple):
    """One fault: ``parent`` holds ``old`` at ``field``, and ``new`` instead.

    ``rows`` are the lines of the statement, by which tests cover it. ``within`` are the classes and the outermost
    function around what only a call runs; empty where importing the module runs it.
    """

    id: str
    path: str
    line: int
    function: str
    kind: str
    before: str
    after: str
    rows: range
    within: tuple[Outer, ...]
    parent: ast.AST
    field: str
    position: int | None
    old: ast.AST
    new: ast.AST

    def apply(self) -> None:
        """Change the tree."""
        self._put(self.new)

    def undo(self) -> None:
        """Change the tree back."""
        self._put(self.old)

    def _put(self, node: ast.AST) -> None:
        if self.position is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.position] = node


def find_mutants(
    tree: ast.Module,
    path: str,
    lines: Iterable[int] | None = None,
    names: Sequence[str] | None = None,
    *,
    results: bool = False,
) -> list[Mutant]:
    """Return the mutants of a module, in order.

    ``lines`` keeps those on lines, ``names`` those of functions and classes by their dotted names. With ``results``
    wrong results are among them.
    """
    found = [one for one in _Finder(path).find(tree) if results or one.kind != WRONG_RESULT]
    wanted = None if lines is None else set(lines)
    return [
        one
        for one in found
        if (wanted is None or not wanted.isdisjoint(_span(one.old)))
        and (names is None or any(one.function == name or one.function.startswith(f"{name}.") for name in names))
    ]


class _Place(NamedTuple):
    """Place of the walk: names around it, its statement, what a call runs."""

    names: tuple[str, ...] = ()
    outer: tuple[Outer, ...] = ()  # classes, then the outermost function
    called: bool = False  # inside a function's body
    rows: range = range(0)


class _Finder:
    """Walk over one module."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._numbers: Counter[tuple[str, str]] = Counter()

    def find(self, tree: ast.Module) -> list[Mutant]:
        return list(self._walk(tree, _Place()))

    def _walk(self, node: ast.AST, place: _Place) -> Iterator[Mutant]:
        for field, index, child in _children(node):
            if _is_arid(node, field, child):
                continue
            inner = _enter(node, field, child, place)
            for kind, new in _replace(node, field, child):
                yield self._make(inner, kind, node, field, index, child, new)
            yield from self._walk(child, inner)

    def _make(
        self, place: _Place, kind: str, parent: ast.AST, field: str, index: int | None, old: Any, new: ast.AST
    ) -> Mutant:
        function = ".".join(place.names)
        self._numbers[function, kind] += 1
        ast.copy_location(new, old)
        ast.fix_missing_locations(new)
        return Mutant(
            id=f"{self._path}::{function or '<module>'}::{kind}#{self._numbers[function, kind]}",
            path=self._path,
            line=old.lineno,
            function=function,
            kind=kind,
            before=_shorten(old),
            after=_shorten(new),
            rows=place.rows,
            within=place.outer if place.called else (),
            parent=parent,
            field=field,
            position=index,
            old=old,
            new=new,
        )


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            yield from ((field, index, one) for index, one in enumerate(value) if isinstance(one, ast.AST))


def _enter(node: ast.AST, field: str, child: Any, place: _Place) -> _Place:
    """Return the place of a child: its statement, and what it is inside of."""
    if isinstance(node, _FUNCTIONS) and field == "body":
        place = place._replace(called=True)
    if hasattr(child, "pattern"):  # ast.match_case, since Python 3.10
        place = place._replace(rows=range(child.pattern.lineno, child.body[0].lineno + 1))
    if isinstance(child, (ast.stmt, ast.excepthandler)):
        place = place._replace(rows=_head(child))
    if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
        outer = place.outer if place.called else (*place.outer, child)
        place = place._replace(names=(*place.names, child.name), outer=outer)
    return place


def _head(statement: Any) -> range:
    """Return the lines of a statement without the statements inside of it."""
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno
    last = statement.subject.end_lineno if hasattr(statement, "cases") else last
    return range(statement.lineno, max(last, statement.lineno) + 1)


def _span(node: Any) -> range:
    """Return the lines of a node; of a statement with a body its first."""
    return _head(node) if isinstance(node, ast.stmt) else range(node.lineno, node.end_lineno + 1)


def _is_arid(node: ast.AST, field: str, child: ast.AST) -> bool:
    """Return whether no mutant below a child could be useful."""
    if field in ("annotation", "returns", "decorator_list", "type_params"):
        return True
    if isinstance(node, ast.Raise) or isinstance(child, _ARID_STATEMENTS):
        return True
    if isinstance(child, _FUNCTIONS):
        return child.name in _ARID_FUNCTIONS
    if isinstance(child, ast.If):
        return "TYPE_CHECKING" in ast.dump(child.test) or "'__main__'" in ast.dump(child.test)
    if isinstance(child, (ast.Assign, ast.AnnAssign)):
        targets = child.targets if isinstance(child, ast.Assign) else [child.target]
        return all(isinstance(one, ast.Name) and one.id.startswith("__") for one in targets)
    return isinstance(child, ast.Expr) and _is_told(child.value)


def _is_told(value: ast.AST) -> bool:
    """Return whether an expression only tells people something."""
    value = value.value if isinstance(value, ast.Await) else value
    if not isinstance(value, ast.Call):
        return isinstance(value, ast.Constant)
    if isinstance(value.func, ast.Attribute):
        owner = ast.unparse(value.func.value).lower()
        return (value.func.attr in _LOG_METHODS and "log" in owner) or owner == "warnings"
    return isinstance(value.func, ast.Name) and value.func.id in _ARID_CALLS


def _replace(node: ast.AST, field: str, child: Any) -> Iterator[tuple[str, ast.AST]]:
    """Yield kind and replacement for each mutant of one child."""
    if field == "test" or (isinstance(node, ast.comprehension) and field == "ifs"):
        yield from _negate(child)
    if isinstance(child, ast.Compare):
        yield from _compare(child)
    elif isinstance(child, (ast.BinOp, ast.AugAssign)):
        yield from _calculate(child)
    elif isinstance(child, ast.BoolOp):
        other = ast.Or() if isinstance(child.op, ast.And) else ast.And()
        yield "boolean", ast.BoolOp(op=other, values=child.values)
    elif isinstance(child, ast.UnaryOp) and isinstance(child.op, ast.Not):
        yield "not", copy.copy(child.operand)
    elif isinstance(child, ast.Constant):
        yield from _count(node, field, child)
    elif isinstance(child, ast.stmt):
        yield from _change_statement(child)


def _negate(test: Any) -> Iterator[tuple[str, ast.AST]]:
    is_not = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    if not is_not and not isinstance(test, _HAS_OWN):
        yield "condition", ast.UnaryOp(op=ast.Not(), operand=test)


def _compare(node: ast.Compare) -> Iterator[tuple[str, ast.AST]]:
    for index, op in enumerate(node.ops):
        ops = [*node.ops[:index], _COMPARISONS[type(op)](), *node.ops[index + 1 :]]
        yield "comparison", ast.Compare(left=node.left, ops=ops, comparators=node.comparators)


def _calculate(node: Any) -> Iterator[tuple[str, ast.AST]]:
    operands = [node.value] if isinstance(node, ast.AugAssign) else [node.left, node.right]
    other = _ARITHMETIC.get(type(node.op))
    if other is None or any(_is_text(one) for one in operands) or any(_is_one(one) for one in operands[-1:]):
        return
    changed = copy.copy(node)
    changed.op = other()
    yield "arithmetic", changed


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, _SEQUENCES) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))


def _is_one(node: ast.AST) -> bool:
    """Return whether this is ``1.0``: multiplied with it a number is a float."""
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value == 1.0


def _count(node: ast.AST, field: str, child: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.While) and field == "test":
        return
    if isinstance(child.value, bool):
        yield "flag", ast.Constant(value=not child.value)
    elif isinstance(child.value, (int, float)) and not (isinstance(node, ast.BinOp) and _is_one(child)):
        yield "number", ast.Constant(value=child.value + 1)


def _change_statement(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield RETURN_NONE, ast.Return(value=ast.Constant(value=None))
        change = copy.deepcopy(_CHANGE)
        for one in ast.walk(change):
            ast.copy_location(one, node)
        yield WRONG_RESULT, ast.Return(value=ast.Call(func=change, args=[node.value], keywords=[]))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "call-removed", ast.Pass()
    elif isinstance(node, ast.Raise) and "NotImplemented" not in ast.unparse(node):
        yield "raise-removed", ast.Pass()
    elif isinstance(node, ast.Break):
        yield "loop", ast.Continue()
    elif isinstance(node, ast.Continue):
        yield "loop", ast.Break()


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _shorten(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"
