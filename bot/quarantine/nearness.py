"""Say whether a test guards what a change touches: such a test is never excused for that change (pure)."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Collection, Mapping

from bot.test_history.names import normalise

# parts of a test file's name that say nothing of what it tests
_WORDS = re.compile(r"^(?:test_|tests_)|(?:_test|_tests|\.test|\.spec)$")
_COMMON = {"__init__", "conftest", "utils", "helpers", "main", "common", "setup", "index"}


def find_guarded(test: str, changed: Collection[str], texts: Mapping[str, str], is_test: Callable[[str], bool]) -> str:
    """Return how a test guards a changed file; "" where nothing says so.

    By what its file imports, or by equal names. ``texts`` holds the text of its file.
    """
    file = find_file(test, texts)
    if file in changed:
        return f"`{file}`, its own file, is changed"
    code = [path for path in sorted(changed) if not is_test(path)]
    imported = _list_imports(texts.get(file, ""))
    for path in code:
        module = posixpath.splitext(path)[0].replace("/", ".").removeprefix("src.").removesuffix(".__init__")
        if any(module == one or module.startswith(f"{one}.") or one.startswith(f"{module}.") for one in imported):
            return f"its file imports `{path}` (by its imports, not measured)"
        if _stem(path) == _stem(file) and _stem(path) not in _COMMON:
            return f"its file is named like `{path}` (by names, not measured)"
    return ""


def find_file(test: str, files: Collection[str]) -> str:
    """Return the file of a test, however its name is written."""
    own = normalise(test)
    fits = [path for path in files if own.startswith(posixpath.splitext(path)[0].replace("/", ".") + ".")]
    return max(fits, key=len, default=test.partition("::")[0] if "::" in test else "")


def _list_imports(text: str) -> set[str]:
    """Return the modules that a Python file imports, by full names."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _stem(path: str) -> str:
    return _WORDS.sub("", posixpath.splitext(posixpath.basename(path))[0])
