"""Draw which modules of a package import which, as a mermaid diagram."""

from __future__ import annotations

from collections.abc import Iterable

from bot.documentation.codebase import Codebase

# a diagram with more boxes is read by nobody: modules are drawn as the packages that hold them
_MOST = 30


def draw_imports(code: Codebase, package: str) -> str:
    """Draw the imports at modules' top level; the same for the same code."""
    names = [one.name for one in code.modules() if one.name == package or one.name.startswith(f"{package}.")]
    depth = _depth(names)
    edges = {(_cut(source, depth), _cut(target, depth)) for source, target in _edges(code, names)}
    boxes = sorted({_cut(name, depth) for name in names})
    numbers = {name: number for number, name in enumerate(boxes)}
    lines = [f'    m{number}["{name}"]' for name, number in numbers.items()]
    lines += [f"    m{numbers[one]} --> m{numbers[other]}" for one, other in sorted(edges) if one != other]
    return "\n".join(["flowchart LR", *lines])


def _edges(code: Codebase, names: Iterable[str]) -> Iterable[tuple[str, str]]:
    known = set(names)
    for name in known:
        module = code.module(name)
        for imported in module.imported if module is not None else ():
            parts = imported.split(".")
            prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
            target = next((prefix for prefix in prefixes if prefix in known), None)
            if target is not None:
                yield name, target


def _depth(names: Iterable[str]) -> int:
    """Return how many parts of a name are shown, so that few boxes are left."""
    deepest = max((name.count(".") + 1 for name in names), default=1)
    fitting = (depth for depth in range(deepest, 1, -1) if len({_cut(name, depth) for name in names}) <= _MOST)
    return next(fitting, min(deepest, 2))


def _cut(name: str, depth: int) -> str:
    return ".".join(name.split(".")[:depth])
