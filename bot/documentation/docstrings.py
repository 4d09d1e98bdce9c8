"""Check docstrings against signatures: which are missing, and which tell of parameters that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.documentation.modules import Module, Parameter, Symbol
from bot.documentation.records import Defect, Kind

_FIELD = re.compile(r"^\s*:(?:param|parameter|arg|argument|keyword|kwarg)\s+(?:[^:\n]*\s)?\\?\*{0,2}(\w+)\s*:", re.M)
_SECTION = re.compile(
    r"^(?P<indent> *)(?P<title>Args|Arguments|Parameters|Keyword Args|Keyword Arguments|Other Parameters):? *\n"
    r"(?P<underline> *-{3,} *\n)?",
    re.M,
)
_GOOGLE = re.compile(r"\\?\*{0,2}(\w+) *(?:\([^\n]*?\))? *:(?!:)")
_NUMPY = re.compile(r"((?:\\?\*{0,2}\w+, *)*\\?\*{0,2}\w+) *(?::.*)?$")
# written by a decorator, a framework or the language: no docstring is expected
_UNDOCUMENTED = frozenset(("overload", "override", "setter", "deleter", "register"))


def check_docstrings(module: Module) -> tuple[Defect, ...]:
    """Return the parameters that do not exist, or are left out."""
    return tuple(defect for symbol in module.symbols.values() for defect in _check(module, symbol))


def find_missing(module: Module) -> tuple[Defect, ...]:
    """Return the public names of a public module that lack a docstring."""
    if any(part.startswith("_") for part in module.name.split(".")):
        return ()
    found = []
    if module.docstring is None:
        found.append(_defect("missing", module.path, 1, module.name, f"module `{module.name}` has no docstring"))
    for symbol in module.symbols.values():
        wanted = symbol.kind != "attribute" and symbol.is_public and not _UNDOCUMENTED & set(symbol.decorators)
        if wanted and symbol.docstring is None:
            dotted = f"{module.name}.{symbol.name}"
            text = f"{symbol.kind} `{dotted}` has no docstring"
            found.append(_defect("missing", module.path, symbol.line, dotted, text))
    return tuple(found)


def read_documented(docstring: str) -> tuple[str, ...]:
    """Return the parameters told in the style of Sphinx, Google or NumPy."""
    return (*_FIELD.findall(docstring), *_in_sections(docstring))


def parameters_of(module: Module, symbol: Symbol) -> tuple[Parameter, ...] | None:
    """Return the parameters of a symbol; None where its bases decide.

    A class without a constructor of its own has the fields of a dataclass, or its bases' parameters.
    """
    if symbol.kind == "class":
        for name in ("__init__", "__new__"):
            constructor = module.symbols.get(f"{symbol.name}.{name}")
            if constructor is not None:
                return constructor.parameters[1:]
        return None
    bound = symbol.is_method and "staticmethod" not in symbol.decorators
    return symbol.parameters[1:] if bound else symbol.parameters


def _check(module: Module, symbol: Symbol) -> Iterator[Defect]:
    if symbol.docstring is None or symbol.kind == "attribute":
        return
    documented = read_documented(symbol.docstring.text)
    parameters = parameters_of(module, symbol)
    if not documented or parameters is None:
        return
    names = {one.name for one in parameters}
    dotted = f"{module.name}.{symbol.name}"
    place = module.path, symbol.docstring.start, dotted
    if not any(one.kind == "kwargs" for one in parameters):
        for name in dict.fromkeys(documented):
            if name not in names:
                yield _defect("false", *place, f"`{name}` is documented and is no parameter of `{dotted}`")
    plain = [one.name for one in parameters if one.kind not in {"args", "kwargs"} and not one.name.startswith("_")]
    for name in plain if names & set(documented) else ():
        if name not in documented:
            yield _defect("untold", *place, f"the parameter `{name}` of `{dotted}` is not documented beside the others")


def _defect(kind: Kind, path: str, line: int, subject: str, text: str) -> Defect:
    return Defect(kind=kind, path=path, line=line, subject=subject, text=text)


def _in_sections(docstring: str) -> Iterator[str]:
    lines = docstring.split("\n")
    for section in _SECTION.finditer(docstring):
        first = docstring.count("\n", 0, section.end())
        numpy = section["underline"] is not None
        pattern = _NUMPY if numpy else _GOOGLE
        indent: int | None = None
        for number in range(first, len(lines)):
            line = lines[number]
            if not line.strip():
                continue
            depth = len(line) - len(line.lstrip())
            indent = depth if indent is None else indent
            if depth < indent or (not numpy and depth <= len(section["indent"])) or _is_title(lines, number):
                break
            found = pattern.match(line.strip()) if depth == indent else None
            if found is not None:
                yield from (name.strip(" *\\") for name in found[1].split(","))


def _is_title(lines: list[str], number: int) -> bool:
    """Return whether a line is the title of a NumPy section."""
    return number + 1 < len(lines) and re.fullmatch(r" *-{3,} *", lines[number + 1]) is not None
