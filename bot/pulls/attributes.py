"""Read which files ``.gitattributes`` calls generated.

Format: https://git-scm.com/docs/gitattributes. The attribute is GitHub's ``linguist-generated``:
https://docs.github.com/en/repositories/working-with-files/managing-files/customizing-how-changed-files-appear-on-github
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bot.github.text.diffs import unquote_path
from bot.patterns import names

NAME = ".gitattributes"
_GENERATED = "linguist-generated"
_LINE = re.compile(r'[ \t]*(?:(?P<quoted>"(?:[^"\\]|\\.)+")|(?P<bare>[^\s"#]\S*))(?P<attributes>[ \t][^\n]*)')
_MACRO = "[attr]"
_SIGNS = {"-": "unset", "!": "unspecified"}

# Names and values of attributes, in order; "set" where only the name is written.
_Attributes = Sequence[tuple[str, str]]


def find_generated(paths: Iterable[str], files: Mapping[str, str]) -> dict[str, bool]:
    """Map the paths that a rule matches to whether they are generated.

    ``files`` are the texts of the repository's ``.gitattributes`` by their paths. The one nearest to a file decides,
    and in it the last line that matches. Paths without a rule are missing from the result.
    """
    # Folders ("" or with a slash at the end), the root first.
    folders = ((path.removesuffix(NAME), text) for path, text in files.items())
    by_depth = sorted(folders, key=lambda one: one[0].count("/"))
    # Only the root's file may define macros.
    at_root = _parse_rules(files.get(NAME, ""))
    macros = {name.removeprefix(_MACRO): rest for name, rest in at_root if name.startswith(_MACRO)}
    wanted = {_GENERATED, *macros}
    rules = [
        (folder, pattern, attributes)
        for folder, text in by_depth
        for pattern, attributes in _parse_rules(text)
        if wanted & {name for name, _ in attributes}
    ]
    found: dict[str, bool] = {}
    for path in paths:
        decided: dict[str, str] = {}
        for folder, pattern, attributes in reversed(rules):
            below = path.removeprefix(folder)
            if (not folder or below != path) and names(pattern, below):
                _decide(decided, attributes, macros)
        if decided.get(_GENERATED, "unspecified") != "unspecified":
            found[path] = decided[_GENERATED] not in ("unset", "false")
    return found


def _decide(decided: dict[str, str], attributes: _Attributes, macros: Mapping[str, _Attributes]) -> None:
    """Take the values nothing later has decided, and a set macro's own."""
    for name, value in reversed(attributes):
        if name not in decided:
            decided[name] = value
            if value == "set" and name in macros:
                _decide(decided, macros[name], macros)


def _parse_rules(text: str) -> Iterable[tuple[str, _Attributes]]:
    """Yield the patterns and what each line says of them, in order."""
    for line in text.removeprefix("\ufeff").splitlines():
        if match := _LINE.fullmatch(line):
            pattern = unquote_path(match["quoted"] or match["bare"])
            yield pattern, tuple(_read_attribute(word) for word in match["attributes"].split())


def _read_attribute(word: str) -> tuple[str, str]:
    if word[0] in _SIGNS:
        return word[1:], _SIGNS[word[0]]
    name, equals, value = word.partition("=")
    return name, value if equals else "set"
