"""Run the linters that the repository configures, before and after: only what the change makes worse counts."""

from __future__ import annotations

import posixpath
import shlex
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.change.records import Gate
from bot.git.changes import NO_CHANGES, Changes
from bot.git.mirrors import Mirror
from bot.markdown import counted
from bot.sandbox.port import Limits
from bot.toolchains.linters import LINTERS, Finding, Linter, is_lint_config, read_report
from bot.toolchains.port import ToolchainError
from bot.work.workshop import Workshop

# A linter that compiles first takes minutes.
_LIMITS = Limits(seconds=600)
# exit codes of a shell: cannot be run, not found
_MISSING = (126, 127)
_SHOWN = 30


@dataclass(frozen=True)
class _Check:
    """Linter that ``config`` of the base sets up for changed files."""

    linter: Linter
    config: str
    files: tuple[str, ...]

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.config)

    def write_line(self, files: Collection[str]) -> str:
        """Write the shell line that reports on some of the files."""
        own = [] if self.linter.whole else [posixpath.relpath(file, self.folder or ".") for file in files]
        line = " ".join([self.linter.command, shlex.join(own)])
        return f"cd {shlex.quote(self.folder)} && {line}" if self.folder else line

    def find_file(self, name: str) -> str | None:
        """Return which of the files a report names.

        Compilers name it from a folder above.
        """
        if name.startswith("/"):
            return max((file for file in self.files if name.endswith(f"/{file}")), key=len, default=None)
        folder = PurePosixPath(self.folder)
        places = (posixpath.normpath(place / name) for place in (folder, *folder.parents))
        return next((place for place in places if place in self.files), None)


async def own_lint_gates(
    workshop: Workshop, mirror: Mirror, base_sha: str, paths: Collection[str], changes: Changes
) -> tuple[Gate, ...]:
    """Require no new findings of the linters that the base configures.

    Configuration is the base's, ``paths`` are its files. The gate reports what cannot be run.
    """
    checks = await _plan(mirror, base_sha, paths, changes)
    # a change of what a linter looks for does not change the code
    linted = changes.without(frozenset(path for path in changes.files if is_lint_config(path)))
    return tuple([await _judge(workshop, check, paths, linted) for check in checks])


async def _plan(mirror: Mirror, base_sha: str, paths: Collection[str], changes: Changes) -> list[_Check]:
    """Find the nearest configuration of each linter for each changed file."""
    found: dict[tuple[str, str], list[str]] = {}
    linters = {linter.name: linter for linter in LINTERS}
    configs = [path for path in sorted(paths) if is_lint_config(path)]
    for file in sorted(path for path, text in changes.files.items() if text is not None and not is_lint_config(path)):
        folders = [str(folder) for folder in PurePosixPath(file).parents]
        above = [path for path in configs if (posixpath.dirname(path) or ".") in folders]
        nearest = sorted(above, key=lambda path: folders.index(posixpath.dirname(path) or "."))
        texts = {path: await mirror.read(base_sha, path) or "" for path in nearest}
        for linter in LINTERS:
            config = next((path for path in nearest if linter.is_configured_by(path, texts.__getitem__)), None)
            if config is not None and file.endswith(linter.endings):
                found.setdefault((linter.name, config), []).append(file)
    return [_Check(linters[name], config, tuple(files)) for (name, config), files in found.items()]


async def _judge(workshop: Workshop, check: _Check, paths: Collection[str], changes: Changes) -> Gate:
    name = f"{check.linter.name} on the changed files"
    old = [file for file in check.files if file in paths]
    if check.linter.read is None:
        return _tell_unrun(name, check, "its report cannot be read yet")
    try:
        before = await _lint(workshop, check, NO_CHANGES, old) if old else Counter()
    except ToolchainError as error:
        return _tell_unrun(name, check, error.message)
    try:
        after = await _lint(workshop, check, changes, check.files)
    except ToolchainError as error:
        if not old:
            return _tell_unrun(name, check, error.message)
        return Gate(name=name, passed=False, before=_count(before), after=error.message)
    new = after - before
    detail = "\n".join(f"{one.path}: {one.text}" for one in list(new.elements())[:_SHOWN])
    return Gate(name=name, passed=not new, before=_count(before), after=f"{new.total()} new", detail=detail)


def _tell_unrun(name: str, check: _Check, why: str) -> Gate:
    return Gate(name=name, passed=True, after=f"not run, though `{check.config}` configures it: {why}")


def _count(findings: Counter[Finding]) -> str:
    return counted(findings.total(), "finding")


async def _lint(workshop: Workshop, check: _Check, changes: Changes, files: Collection[str]) -> Counter[Finding]:
    """Count findings, or raise :class:`ToolchainError` where there are none."""
    line = check.write_line(files)
    result, report = await workshop.report(line, check.files[0], changes, _LIMITS)
    if result.exit_code in _MISSING:
        raise ToolchainError("it is not installed where the tests run")
    if result.ended != "exit" or result.exit_code not in check.linter.ends:
        last = result.output.strip().splitlines()[-1:] or [""]
        raise ToolchainError(f"it ended with {result.exit_code} ({result.ended}) {last[0][-200:]}".strip())
    findings = ((check.find_file(one.path), one.text) for one in read_report(check.linter, report))
    return Counter(Finding(path, text) for path, text in findings if path is not None)
