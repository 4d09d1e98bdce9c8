"""Read what ``.gitattributes`` says of files (https://git-scm.com/docs/gitattributes)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.patterns import names

NAME = ".gitattributes"
_GENERATED = "linguist-generated"
_LINE = re.compile(r'[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)+)"|(?P<bare>[^\s"#]\S*))(?P<attributes>[ \t][^\n]*)')


def find_generated(paths: Iterable[str], files: Mapping[str, str]) -> dict[str, bool]:
    """Return of each path that the attributes speak of whether they call it generated.

    ``files`` are the texts of the repository's ``.gitattributes`` by their paths. The one nearest to a file decides,
    and in it the last line that matches.
    """
    rules = [(folder, *rule) for folder, text in _by_depth(files) for rule in _rules(text)]
    found: dict[str, bool] = {}
    for path in paths:
        for folder, pattern, value in rules:
            below = path.removeprefix(folder)
            if (not folder or below != path) and names(pattern, below):
                found[path] = value
    return found


def _by_depth(files: Mapping[str, str]) -> list[tuple[str, str]]:
    """The folders ("" or with a slash at the end) of the files, and their texts, the root first."""
    return sorted(((path.removesuffix(NAME), text) for path, text in files.items()), key=lambda one: one[0].count("/"))


def _rules(text: str) -> list[tuple[str, bool]]:
    rules = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        for attribute in match["attributes"].split() if match else ():
            name, _, value = attribute.lstrip("-!").partition("=")
            if match is not None and name == _GENERATED:
                rules.append((match["quoted"] or match["bare"], attribute[0] not in "-!" and value != "false"))
    return rules
