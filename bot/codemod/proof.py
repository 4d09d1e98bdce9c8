"""Prove that a rename left nothing behind: files parse, imports resolve, the old name is gone."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from bot.codemod.rename import Codemod
from bot.codemod.target import Rename, Syntax
from bot.git.changes import Changes
from bot.surface.modules import Module
from bot.surface.scopes import list_imported, read_scope
from bot.surface.source import every_statement, parse
from bot.surface.tree import External, Place, Tree

_Parsed = Mapping[Module, ast.Module | None]


def prove(files: Mapping[str, str], changes: Changes, wanted: Rename) -> list[str]:
    """Return what speaks against a rename; nothing where it is proved.

    Files parse, no import and no entry of ``__all__`` is unresolved that resolved before, the old name means nothing
    and is mentioned nowhere but as a key and in history.
    """
    codemod = Codemod(files, wanted)
    texts = {path: text for path, text in {**files, **changes.files}.items() if text is not None}
    concerned = {*codemod.concerned, *changes.files}
    before, after = Tree(Syntax(files)), Tree(Syntax(texts))
    parsed = {module: parse(texts[module.path]) for module in after.modules.values() if module.path in concerned}
    broken = [module.path for module, syntax in parsed.items() if syntax is None]
    faults = [f"{path} does not parse" for path in broken if parse(files.get(path, "")) is not None]
    for name in dict.fromkeys(_unresolved(after, parsed, wanted, set(changes.files) - set(files))):
        formerly = wanted.old + name.removeprefix(wanted.new) if f"{name}.".startswith(f"{wanted.new}.") else name
        if isinstance(before.find(formerly), Place):
            faults.append(f"{name} does not resolve any more")
    if not isinstance(after.find(wanted.old), External):
        faults.append(f"{wanted.old} still means something")
    left = [
        path for path in sorted(concerned & set(texts)) if codemod.rename_mentions(path, texts[path]) != texts[path]
    ]
    return faults + [f"{path} still mentions {wanted.old}" for path in left]


def _unresolved(tree: Tree, parsed: _Parsed, wanted: Rename, moved: Collection[str]) -> Iterator[str]:
    """Yield the full names of what is imported or exported and not there.

    An import that names neither the old nor the new, in a file that did not move, means what it meant.
    """
    tops = {name.partition(".")[0] for name in tree.modules}
    either = {wanted.old.rpartition(".")[2], wanted.new.rpartition(".")[2]}
    for module, syntax in parsed.items():
        for name in list_imported(every_statement(syntax.body), module) if syntax is not None else ():
            parts = name.split(".")
            touched = module.path in moved or not either.isdisjoint(parts)
            if touched and parts[0] in tops and isinstance(tree.find(name), External):
                yield name
        exports = read_scope(syntax.body, module).exports if syntax is not None else None
        for entry in exports.names & either if exports is not None else ():
            if tree.find(f"{module.name}.{entry}") == External(f"{module.name}.{entry}"):
                yield f"{module.name}.{entry}"
