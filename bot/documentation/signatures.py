"""Write signatures as they are called, and list those of a package's public names."""

from __future__ import annotations

from collections.abc import Sequence

from bot.documentation.codebase import Codebase
from bot.documentation.docstrings import parameters_of
from bot.documentation.modules import Module, Parameter, Symbol


def list_signatures(code: Codebase, package: str) -> tuple[str, ...]:
    """Return ``module.name(parameters)`` for every public name of a package.

    A module with ``__all__`` has just the names in it; private modules and methods have none.
    """
    found = []
    for module in sorted(code.modules(), key=lambda one: one.name):
        inside = module.name == package or module.name.startswith(f"{package}.")
        if inside and not any(part.startswith("_") for part in module.name.split(".")):
            found += [write_signature(module, symbol) for symbol in _public(module)]
    return tuple(found)


def write_signature(module: Module, symbol: Symbol) -> str:
    """Write a symbol with what it is called with; a property without."""
    dotted = f"{module.name}.{symbol.name}"
    if {"property", "cached_property"} & set(symbol.decorators):
        return dotted
    parameters = parameters_of(module, symbol)
    return dotted if parameters is None else f"{dotted}({', '.join(_write(parameters))})"


def _public(module: Module) -> list[Symbol]:
    named = [one for one in module.symbols.values() if one.kind != "attribute" and one.is_public]
    if module.exports is None:
        return named
    return [one for one in named if one.name.partition(".")[0] in module.exports]


def _write(parameters: Sequence[Parameter]) -> list[str]:
    """Write parameters with the marks between their kinds."""
    written: list[str] = []
    for number, one in enumerate(parameters):
        before = parameters[number - 1].kind if number else ""
        if before == "positional" and one.kind != "positional":
            written.append("/")
        if one.kind == "keyword" and before not in {"keyword", "args"}:
            written.append("*")
        mark = {"args": "*", "kwargs": "**"}.get(one.kind, "")
        written.append(f"{mark}{one.name}" if one.default is None else f"{one.name}={one.default}")
    return [*written, "/"] if parameters and parameters[-1].kind == "positional" else written
