"""Find which modules a file imports, and which file a module name means."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

_MAX_IMPORTS = 400  # of a file; generated ones may hold thousands
_REMEMBERED = 1 << 13  # module names whose files are cached
_PACKAGE_FILES = frozenset(("__init__", "index", "mod", "lib", "main"))
_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]{0,4000}\)|[^\n#]{1,1000})", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+([\w., \t]{1,500})", re.MULTILINE)
_SCRIPT = re.compile(r"(?:\bfrom|\brequire\(|\bimport\(?)\s*['\"]([^'\"\n]{1,200})['\"]")
_GO = re.compile(r"^\s*(?:import\s+)?(?:[\w.]+\s+)?\"([\w./-]{1,200})\"\s*$", re.MULTILINE)
_RUST = re.compile(r"^\s*(?:pub(?:\([^)\n]*\))?\s+)?(?:use|mod)\s+([\w:]{1,200})", re.MULTILINE)
_DOTTED = re.compile(r"^\s*(?:import|using|use)\s+(?:static\s+)?([\w.\\]{1,200})", re.MULTILINE)
_INCLUDE = re.compile(r"^\s*#\s*include\s*[<\"]([^>\"\n]{1,200})[>\"]", re.MULTILINE)
_REQUIRE = re.compile(r"\brequire(?:_relative)?\s*\(?\s*['\"]([^'\"\n]{1,200})['\"]")


def read_imports(text: str, language: str) -> tuple[str, ...]:
    """List at most 400 imports as slash paths, relative ones with ``./``."""
    found = _READERS.get(language)
    return tuple(dict.fromkeys(found(text)))[:_MAX_IMPORTS] if found else ()


def _python(text: str) -> Iterator[str]:
    for dots, module, names in _FROM.findall(text):
        up = {0: "", 1: "./"}.get(len(dots), "../" * (len(dots) - 1))
        base = up + module.replace(".", "/")
        if module:
            yield base
        for name in re.findall(r"(\w+)(?:\s+as\s+\w+)?", names.strip("()")):
            yield f"{base}/{name}" if module else f"{base}{name}"
    for modules in _IMPORT.findall(text):
        for module in modules.split(","):
            if words := module.split():
                yield words[0].replace(".", "/")


def _reader(pattern: re.Pattern[str], separator: str = "/") -> Callable[[str], Iterator[str]]:
    def read(text: str) -> Iterator[str]:
        for module in pattern.findall(text):
            slashed = module.replace(separator, "/").strip("/") if separator != "/" else module
            yield re.sub(r"\.(?:jsx?|tsx?|mjs|h|hh|hpp|hxx|rb|php)$", "", slashed)

    return read


_READERS: dict[str, Callable[[str], Iterable[str]]] = {
    "python": _python,
    "javascript": _reader(_SCRIPT),
    "typescript": _reader(_SCRIPT),
    "tsx": _reader(_SCRIPT),
    "go": _reader(_GO),
    "rust": _reader(_RUST, "::"),
    "java": _reader(_DOTTED, "."),
    "kotlin": _reader(_DOTTED, "."),
    "csharp": _reader(_DOTTED, "."),
    "php": _reader(_DOTTED, "\\"),
    "c": _reader(_INCLUDE),
    "cpp": _reader(_INCLUDE),
    "ruby": _reader(_REQUIRE),
}


def module_of(path: str) -> str:
    """Return the slash path a file, or a package's folder, is imported by."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    if not folder:
        return stem
    return folder if stem in _PACKAGE_FILES else f"{folder}/{stem}"


class Modules:
    """Finds files by module name among the paths of one tree."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._by_last: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path in paths:
            module = module_of(path)
            self._exact[module].append(path)
            self._by_last[module.rpartition("/")[2]].append((module, path))
        self._ending = lru_cache(maxsize=_REMEMBERED)(self._find_ending)

    def find(self, name: str, *, importer: str = "") -> tuple[str, ...]:
        """Find up to four files of a slash path: exactly, else by their ends."""
        if name.startswith("."):
            return tuple(self._exact.get(_join(importer.rpartition("/")[0], name), ())[:4])
        exact = self._exact.get(name, ())
        return tuple(exact[:4]) if exact or "/" not in name else self._ending(name)

    def _find_ending(self, name: str) -> tuple[str, ...]:
        known = self._by_last.get(name.rpartition("/")[2], ())
        ends = [path for module, path in known if module.endswith("/" + name)]
        return tuple(ends) if len(ends) <= 4 else ()


def _join(folder: str, relative: str) -> str:
    parts = folder.split("/") if folder else []
    for part in relative.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in {"", ".", ".."}:
            parts.append(part)
    return "/".join(parts)
