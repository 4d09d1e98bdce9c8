"""Give live functions another code: that of a mutant, or of a control.

Only the outermost function around a change is compiled; functions that are made when it runs take their code from it.
"""

from __future__ import annotations

import ast
import copy
import gc
import os
import types
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

Key = tuple[str, int]
_SAME = ast.parse('"control" == ""').body[0]


class Swap(NamedTuple):
    """New code for a live function."""

    function: Any  # types.FunctionType
    code: types.CodeType

    def apply(self) -> None:
        self.function.__code__ = self.code


class LiveFunctions:
    """Functions of the measured files that exist now."""

    def __init__(self, paths: Iterable[str]) -> None:
        wanted = {os.path.realpath(path) for path in paths}
        self._found: dict[Key, list[types.FunctionType]] = defaultdict(list)
        for one in gc.get_objects():
            if type(one) is types.FunctionType and os.path.realpath(one.__code__.co_filename) in wanted:
                self._found[_key(one.__code__)].append(one)

    def plan(self, old: types.CodeType, new: types.CodeType) -> list[Swap] | None:
        """Return what turns ``old`` into ``new`` wherever it lives.

        None where that cannot be done: no function has it, several that share name and line cannot be told apart, or
        one would need other variables of the functions around it.
        """
        swaps = []
        for before, after in _pair(old, new):
            functions = self._found[_key(before)] if before != after else []
            if len({one.__code__ for one in functions}) > 1:
                return None
            swaps += [Swap(one, after) for one in functions]
        fits = all(one.function.__code__.co_freevars == one.code.co_freevars for one in swaps)
        return swaps if swaps and fits else None


def compile_outer(tree: ast.Module, within: Sequence[Any], path: str) -> types.CodeType:
    """Compile the outermost function as it stands in its classes now."""
    body: ast.stmt = within[-1]
    for outer in reversed(within[:-1]):
        shell: ast.ClassDef = copy.copy(outer)
        shell.body = [body]
        shell.decorator_list = []
        body = shell
    future = [one for one in tree.body if isinstance(one, ast.ImportFrom) and one.module == "__future__"]
    code = compile(ast.Module(body=[*future, body], type_ignores=[]), path, "exec", dont_inherit=True)
    for name in (one.name for one in within):
        code = next(one for one in _nested(code) if one.co_name == name)
    return code


def make_control(node: Any) -> Any:
    """Return a copy that does the same by other instructions and constants.

    A test that fails with it looks at code, not at what the code does.
    """
    return ast.fix_missing_locations(_Control().visit(copy.deepcopy(node)))


class _Control(ast.NodeTransformer):
    """Add an expression to each function, and wrap its numbers."""

    _depth = 0

    def _visit_function(self, node: Any) -> Any:
        self._depth += 1
        node.body = [self.visit(one) for one in node.body]
        self._depth -= 1
        place = 1 if ast.get_docstring(node, clean=False) is not None else 0
        node.body.insert(place, ast.copy_location(copy.deepcopy(_SAME), node.body[0]))
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _visit_function  # noqa: N815 - names that ast looks for

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not self._depth or not isinstance(node.value, (int, float)):
            return node
        no_arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        return ast.copy_location(ast.Call(func=ast.Lambda(args=no_arguments, body=node), args=[], keywords=[]), node)

    def visit_match_case(self, node: Any) -> Any:
        node.body = [self.visit(one) for one in node.body]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.value = node.value and self.visit(node.value)
        return node


def _key(code: types.CodeType) -> Key:
    return code.co_name, code.co_firstlineno


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield one
            yield from _nested(one)


def _pair(old: types.CodeType, new: types.CodeType) -> Iterator[tuple[types.CodeType, types.CodeType]]:
    """Yield code and its successor, for the functions inside too.

    Those that share name and line cannot be told apart, and are left as they are.
    """
    yield old, new
    before, after = (_index(one) for one in (old, new))
    for key, codes in before.items():
        if len(codes) == len(after.get(key, ())) == 1:
            yield codes[0], after[key][0]


def _index(code: types.CodeType) -> dict[Key, list[types.CodeType]]:
    found: dict[Key, list[types.CodeType]] = defaultdict(list)
    for one in _nested(code):
        found[_key(one)].append(one)
    return found
