"""Say what a benchmark file is, and refuse one that could see which tree it runs on.

A benchmark names its ``TARGET`` and has two functions: ``make_input(source)`` draws one plain value from a seeded
``random.Random``, ``run(value)`` asks the target once and returns a plain value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.benchmarking.records import BenchmarkError, Target

# modules that tell of the machine, the tree or the clock, or that change other modules
_MODULES = {
    "ast", "builtins", "contextlib", "ctypes", "dis", "gc", "importlib", "inspect", "io", "linecache", "marshal",
    "multiprocessing", "os", "pathlib", "pkgutil", "platform", "random", "resource", "runpy", "signal",
    "subprocess", "sys", "sysconfig", "threading", "time", "timeit", "traceback", "tracemalloc", "unittest",
    "warnings", "weakref",
}  # fmt: skip
_NAMES = {
    "__builtins__", "__file__", "__import__", "__loader__", "__spec__", "breakpoint", "compile", "delattr", "dir",
    "eval", "exec", "getattr", "globals", "hasattr", "id", "locals", "open", "setattr", "vars",
}  # fmt: skip
_WANTED = ("make_input", "run")


def read_target_name(text: str) -> tuple[str, str]:
    """Check a benchmark and return path and name of its target.

    Raises :class:`BenchmarkError` with all that is wrong with it.
    """
    tree = _parse(text, "The benchmark")
    problems = [*_missing(tree), *_refused(tree)]
    named = [
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and [getattr(target, "id", "") for target in node.targets] == ["TARGET"]
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    path, _, name = (named[0] if len(named) == 1 else "").partition("::")
    if not path or not name:
        problems.append('TARGET must be set once, to the text "path/to/file.py::name" or "path/to/file.py::Class.name"')
    if problems:
        raise BenchmarkError("The benchmark cannot be used: " + "; ".join(dict.fromkeys(problems)) + ".")
    return path, name


def find_target(path: str, name: str, text: str) -> Target:
    """Find the target's lines in its file; raises BenchmarkError."""
    body: list[ast.stmt] = _parse(text, path).body
    found: ast.stmt | None = None
    for part in name.split("."):
        named = [node for node in body if isinstance(node, _DEFINITIONS) and node.name == part]
        if not named:
            raise BenchmarkError(f"{path} defines no `{name}`; name a function, method or class that is there.")
        found = named[-1]
        body = named[-1].body
    assert isinstance(found, _DEFINITIONS)
    first = min([found.lineno, *(decorator.lineno for decorator in found.decorator_list)])
    return Target(path=path, name=name, first=first, last=found.end_lineno or first)


def names_target(asked: str, target: Target) -> bool:
    """Return whether a path or dotted name that was asked for holds a target."""

    def dotted(text: str) -> str:
        return f".{text.replace('.py', '').replace('::', '.').replace('/', '.').strip('.')}."

    return dotted(asked) in dotted(str(target))


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _parse(text: str, what: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise BenchmarkError(f"{what} cannot be parsed: {error}.") from None


def _missing(tree: ast.Module) -> Iterator[str]:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name in _WANTED:
        if name not in functions or len(functions[name].args.args) != 1:
            yield f"it needs a function `{name}` with one argument"


def _refused(tree: ast.Module) -> Iterator[str]:
    """Name what lets a benchmark see, or change, more than values."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (f"it may not import `{one.name}`" for one in names if _root(one.name) in _MODULES)
            case ast.ImportFrom(module=module):
                if _root(module or "") in _MODULES:
                    yield f"it may not import `{module}`"
            case ast.Name(id=name) if name in _NAMES:
                yield f"it may not use `{name}`"
            case ast.Attribute(attr=name) if name.startswith("__"):
                yield f"it may not use `{name}`"
            case ast.Attribute(ctx=ast.Store() | ast.Del(), attr=name):
                yield f"it may not set the attribute `{name}`"
            case ast.Try():
                yield "it may not catch errors: an error is a result that is compared too"
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield f"it may not keep state in {', '.join(f'`{name}`' for name in names)}"


def _root(module: str) -> str:
    return module.partition(".")[0]
