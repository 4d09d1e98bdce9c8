"""Write the migrations that changed models lack: which files may be written, and what code requires of them."""

from __future__ import annotations

import ast
import asyncio
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.change.editor import code_and_new_tests
from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Gate
from bot.documentation.snapshot import Snapshot, read_snapshot
from bot.git.changes import Changes
from bot.git.mirrors import Mirror
from bot.markdown import counted
from bot.surface.source import parse
from bot.work.toolset import May
from handlers.companions.migrations import find_unmigrated
from handlers.companions.records import Missing
from handlers.complete.records import CompletionBrief

# asked for by this word, as the button does
MIGRATIONS = "migrations"
_NUMBERED = re.compile(r"\d{4}_\w+")
_WORD = re.compile(r"\w+")


def may_edit(job: Job[Any], evidence: AnyEvidence, existing: Collection[str]) -> May:
    """Allow code and new tests; of migrations nothing but new ones."""
    allowed = code_and_new_tests(job, evidence, existing)
    assert isinstance(evidence.brief, CompletionBrief), "a completion begins with what is left open"
    folders = _folders(evidence.brief.migrations)

    def may(path: str) -> str | None:
        if folders and (path in existing or posixpath.dirname(path) not in folders):
            return f"`{path}` is no new migration: write new files in {', '.join(sorted(folders))}, nothing else."
        return allowed(path)

    return may if folders else allowed


async def gate_migrations(mirror: Mirror, brief: CompletionBrief, base_sha: str, changes: Changes) -> Gate:
    """Read both ends, and judge the migrations on the head."""
    base = await read_snapshot(mirror, brief.trusted_sha)
    head = await read_snapshot(mirror, base_sha)
    return await asyncio.to_thread(migrations_gate, brief.migrations, base, head, changes)


def migrations_gate(missing: Sequence[Missing], base: Snapshot, head: Snapshot, changes: Changes) -> Gate:
    """Require migrations that name every column and follow the latest one.

    ``base`` is where the pull request left its branch. No database is asked: whether a migration applies, none knows.
    """
    after = head.with_changes(changes)
    faults = [f"{path}: it is no new migration" for path in changes.files if not _is_new(path, head, missing)]
    faults += [one.text for one in find_unmigrated(base, after)]
    for folder in sorted(_folders(missing)):
        texts = [text or "" for path, text in changes.files.items() if posixpath.dirname(path) == folder]
        named = {word.lower() for text in texts for word in _list_passed(text)}
        names = [name for one in missing if one.folder == folder for name in one.names]
        faults += [f"no new file in {folder}/ hands `{name}` to a call" for name in names if _last(name) not in named]
        latest = _find_latest(folder, head.texts)
        if len(_find_latest(folder, after.texts)) > max(1, len(latest)):
            faults.append(f"{folder}/ has more than one latest migration now: name {', '.join(latest)} as the former")
    told = f"{counted(len(changes.files), 'new file')}; each changed column is named"
    return Gate(
        name="migrations",
        passed=not faults,
        before=f"{counted(len(missing), 'module')} without one",
        after=counted(len(faults), "fault") if faults else f"{told}; applied to no database",
        detail="\n".join(faults),
        parts={"implementation": f"Migrations: {told}."},
    )


def _folders(missing: Iterable[Missing]) -> frozenset[str]:
    return frozenset(one.folder for one in missing)


def _is_new(path: str, head: Snapshot, missing: Iterable[Missing]) -> bool:
    return path not in head.paths and posixpath.dirname(path) in _folders(missing)


def _last(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _list_passed(text: str) -> Iterator[str]:
    """Yield the words of the strings that a module hands to calls."""
    tree = parse(text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree is not None else []
    for call in calls:
        for part in (*call.args, *(keyword.value for keyword in call.keywords)):
            for node in ast.walk(part):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield from _WORD.findall(node.value)


def _find_latest(folder: str, texts: Mapping[str, str]) -> list[str]:
    """Return the migrations of a folder that none of its others names."""
    own = {path: text for path, text in texts.items() if posixpath.dirname(path) == folder and path.endswith(".py")}
    strings = {path: _list_strings(text) for path, text in own.items()}
    names = {path: name for path, text in own.items() if (name := _name_migration(path, text))}
    return sorted(
        name for path, name in names.items() if not any(name in strings[other] for other in own if other != path)
    )


def _name_migration(path: str, text: str) -> str:
    """Return a revision's id or a numbered file's name, "" for neither."""
    tree = parse(text)
    for node in tree.body if tree is not None else ():
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="revision")], value=ast.Constant(value=str(name)))
                | ast.AnnAssign(target=ast.Name(id="revision"), value=ast.Constant(value=str(name)))
            ):
                return name
    stem = posixpath.basename(path).removesuffix(".py")
    return stem if _NUMBERED.fullmatch(stem) else ""


def _list_strings(text: str) -> frozenset[str]:
    tree = parse(text)
    nodes = ast.walk(tree) if tree is not None else ()
    return frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
