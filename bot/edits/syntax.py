"""Check whether a file parses, for the languages that have a parser here."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache
from pathlib import PurePosixPath

_SUFFIXES = {
    "python": ".py .pyi", "javascript": ".js .mjs .cjs .jsx", "typescript": ".ts .mts .cts", "tsx": ".tsx", "go": ".go",
    "rust": ".rs", "java": ".java", "c": ".c",
    "cpp": ".cc .cpp .cxx .hpp", "csharp": ".cs", "ruby": ".rb", "php": ".php",
    "kotlin": ".kt", "swift": ".swift", "scala": ".scala", "lua": ".lua", "css": ".css", "json": ".json",
    "yaml": ".yaml .yml", "bash": ".sh .bash",
}  # fmt: skip
_LANGUAGES = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}


def find_syntax_error(path: str, before: str, after: str) -> tuple[int, str] | None:
    """Return row and kind of a syntax error that a change introduces."""
    language = _LANGUAGES.get(PurePosixPath(path).suffix.lower())
    if language is None:
        return None
    if language == "python":
        fault = _python_fault(after)
        if fault is None or _python_fault(before) is None:
            return fault
    fault = _tree_fault(language, after)
    return fault if fault is not None and _tree_fault(language, before) is None else None


# Cached because a text is parsed when its reading is chosen and once more at the end.
@lru_cache(maxsize=4)
def _python_fault(text: str) -> tuple[int, str] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        return (error.lineno or 1) - 1, error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return 0, str(error) or type(error).__name__
    return None


@lru_cache(maxsize=4)
def _tree_fault(language: str, text: str) -> tuple[int, str] | None:
    from ast_grep_py import SgRoot

    root = SgRoot(text, language).root()
    # A node without text is one that the parser made up to go on.
    fault = root.find(kind="ERROR") or root.find(regex="^$")
    if fault is None:
        return None
    missing = "" if fault.kind() == "ERROR" else f", {fault.kind()!r} is missing"
    return fault.range().start.line, f"not valid {language}{missing}"
