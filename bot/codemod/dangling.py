"""Find uses of names that a change took away."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from bot.codemod.references import read_references
from bot.codemod.target import Syntax
from bot.surface.scopes import list_imported
from bot.surface.source import every_statement, parse
from bot.surface.tree import Place, Tree


def find_dangling(before: Mapping[str, str], after: Mapping[str, str], removed: Collection[str]) -> list[str]:
    """Return where a name is used that meant something before only.

    ``removed`` are full dotted names; only files that hold the last part of one are looked at.
    """
    if not removed:
        return []
    lasts = {name.rpartition(".")[2] for name in removed}
    word = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(lasts)))})\b")
    old, new = Tree(Syntax(before)), Tree(Syntax(after))
    found: dict[str, None] = {}
    for module in new.modules.values():
        syntax = parse(after[module.path]) if word.search(after[module.path]) else None
        if syntax is None:
            continue
        try:
            meanings = [reference.meaning for reference in read_references(syntax, module).found]
        except RecursionError:
            found[f"{module.path} nests expressions too deeply to be read"] = None
            continue
        for name in (*list_imported(every_statement(syntax.body), module), *meanings):
            if lasts.isdisjoint(name.split(".")) or isinstance(new.find(name), Place):
                continue
            if isinstance(was := old.find(name), Place):
                found[f"{module.path} uses {was.dotted}, which is gone"] = None
    return list(found)
