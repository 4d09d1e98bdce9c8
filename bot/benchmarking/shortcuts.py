"""Find what an edit adds to look faster than it is: caches, and looks at what runs it.

Both texts are read by their syntax trees. Only what the edit adds counts.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator

_CACHES = {
    "alru_cache", "cache", "cached", "cached_property", "cachedmethod", "lru_cache", "memoize", "memoized",
    "ttl_cache",
}  # fmt: skip
_CONTAINERS = {
    "Cache", "ChainMap", "Counter", "LRUCache", "OrderedDict", "TTLCache", "WeakKeyDictionary",
    "WeakValueDictionary", "bytearray", "defaultdict", "deque", "dict", "list", "set",
}  # fmt: skip
_DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
# what tells a function who calls it, in which program or for whom
_SURROUNDINGS = {
    "os.environ", "os.environb", "os.getenv", "os.getpid", "os.getppid", "sys._current_frames", "sys._getframe",
    "sys.argv", "sys.getprofile", "sys.gettrace", "sys.modules", "sys.orig_argv", "threading.current_thread",
}  # fmt: skip
_SURROUNDING_MODULES = {"gc", "inspect", "linecache", "psutil", "resource", "traceback"}
_HIDING = {"os", "sys", "threading"}


def find_caches(before: str, after: str) -> list[str]:
    """Name the caches that an edit adds, for people.

    A module's or class's name for something mutable is one, whatever fills it: a table that is only read can be a
    tuple, a frozenset or a ``MappingProxyType``.
    """
    return _added(before, after, _list_caches)


def find_looks_around(before: str, after: str) -> list[str]:
    """Name what an edit adds that can tell a benchmark from other use."""
    return _added(before, after, _list_looks_around)


def _added(before: str, after: str, listing: Callable[[ast.Module], Iterator[str]]) -> list[str]:
    try:
        new = Counter(listing(ast.parse(after)))
        old = Counter(listing(ast.parse(before)))
    except (SyntaxError, ValueError):
        return []  # the gate for parsing tells it
    return sorted((new - old).keys())


def _list_caches(tree: ast.Module) -> Iterator[str]:
    functions = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    scopes = [node for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.ClassDef))]
    for scope in scopes:
        for statement in scope.body:
            yield from (f"`{name}` keeps a mutable value for all calls" for name in _mutable_names(statement))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _CACHES:
                yield f"`{name}`"
            case ast.ImportFrom(names=names):
                yield from (f"`{one.name}`" for one in names if one.name in _CACHES)
            case ast.Global(names=names):
                yield from (f"`{name}` is set for all calls by `global`" for name in names)
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store(), attr=attribute) if name in functions:
                yield f"`{name}.{attribute}` keeps a value on a function or class"
            case ast.arguments(defaults=defaults, kw_defaults=keyword_defaults):
                found = [value for value in (*defaults, *keyword_defaults) if value is not None and _is_mutable(value)]
                yield from (f"the default `{ast.unparse(value)}` is kept for all calls" for value in found)
        for decorator in getattr(node, "decorator_list", ()):
            name = getattr(decorator, "id", getattr(decorator, "attr", ""))
            if name in _CACHES:
                yield f"`{name}`"


def _mutable_names(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.Assign(targets=targets, value=value) if _is_mutable(value):
            return [name for target in targets if not (name := ast.unparse(target)).startswith("__")]
        case ast.AnnAssign(target=target, value=value) if value is not None and _is_mutable(value):
            return [ast.unparse(target)]
    return []


def _is_mutable(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in _CONTAINERS
    return isinstance(value, _DISPLAYS)


def _list_looks_around(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (f"`{one.name}`" for one in names if one.name.partition(".")[0] in _SURROUNDING_MODULES)
                yield from (f"`{one.name} as {one.asname}`" for one in names if one.asname and one.name in _HIDING)
            case ast.ImportFrom(module=module, names=names):
                found = [f"{module}.{one.name}" for one in names]
                yield from (f"`{name}`" for name in found if name in _SURROUNDINGS or module in _SURROUNDING_MODULES)
            case ast.Attribute(value=ast.Name(id=module), attr=name) if f"{module}.{name}" in _SURROUNDINGS:
                yield f"`{module}.{name}`"
            case ast.Constant(value=str(text)) if text == "__main__" or "forgehand" in text.casefold():
                yield f"{text!r}"
