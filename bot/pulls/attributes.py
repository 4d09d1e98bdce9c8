"""Read which files ``.gitattributes`` calls generated.

Format: https://git-scm.com/docs/gitattributes. The attribute is GitHub's ``linguist-generated``:
https://docs.github.com/en/repositories/working-with-files/managing-files/customizing-how-changed-files-appear-on-github
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.patterns import names

NAME = ".gitattributes"
_GENERATED = "linguist-generated"
_LINE = re.compile(r'[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)+)"|(?P<bare>[^\s"#]\S*))(?P<attributes>[ \t][^\n]*)')


def find_generated(paths: Iterable[str], files: Mapping[str, str]) -> dict[str, bool]:
    """Map the paths that a rule matches to whether they are generated.

    ``files`` are the texts of the repository's ``.gitattributes`` by their paths. The one nearest to a file decides,
    and in it the last line that matches. Paths without a rule are missing from the result.
    """
    # Folders ("" or with a slash at the end), the root first.
    folders = ((path.removesuffix(NAME), text) for path, text in files.items())
    by_depth = sorted(folders, key=lambda one: one[0].count("/"))
    rules = [(folder, *rule) for folder, text in by_depth for rule in _parse_rules(text)]
    found: dict[str, bool] = {}
    for path in paths:
        for folder, pattern, value in rules:
            below = path.removeprefix(folder)
            if (not folder or below != path) and names(pattern, below):
                found[path] = value
    return found


def _parse_rules(text: str) -> list[tuple[str, bool]]:
    """Parse the patterns that set or unset ``linguist-generated``, in order."""
    rules = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        for attribute in match["attributes"].split() if match else ():
            name, _, value = attribute.lstrip("-!").partition("=")
            if match is not None and name == _GENERATED:
                rules.append((match["quoted"] or match["bare"], attribute[0] not in "-!" and value != "false"))
    return rules
