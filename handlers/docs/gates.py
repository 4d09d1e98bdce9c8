"""Decide what a change of documentation is held to: pure functions from two snapshots to passed or not."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from functools import cache, cached_property

from bot.change.records import Gate
from bot.documentation.codebase import Codebase
from bot.documentation.defects import Facts, read_scripts
from bot.documentation.deletions import find_deleted, passages_of
from bot.documentation.equality import find_code_change
from bot.documentation.examples import Rewrite, find_evasion, find_rewrites, read_examples
from bot.documentation.mentions import Mention, find_mentions
from bot.documentation.passages import Passage
from bot.documentation.snapshot import PROSE, Snapshot, is_module
from bot.markdown import counted
from handlers.docs.records import Survey
from handlers.docs.survey import list_stale

# settings in which a documentation's pages are listed
NAVIGATION = frozenset(("mkdocs.yml", "mkdocs.yaml"))
_WORD = re.compile(r"[A-Za-z_]\w*")
_BOUND = re.compile(r"(\w+)\s*=(?!=)|\b(?:for|as|def|class|import|from)\s+([\w.]+)")
_SHOWN = 30
_KNOWN = frozenset((*dir(builtins), *keyword.kwlist, *sys.stdlib_module_names))


def is_documentation(path: str) -> bool:
    """Return whether a change of documentation may touch a path."""
    return path.endswith(tuple(PROSE)) or is_module(path) or path in NAVIGATION


class DocsChange:
    """A change of documentation: the files before and after it."""

    def __init__(self, base: Snapshot, head: Snapshot, changed: Collection[str]) -> None:
        self._base = Codebase(base)
        self._head = Codebase(head, like=self._base)
        self._changed = sorted(changed)
        self._bound = cache(self._find_bound)

    @cached_property
    def _before(self) -> list[Passage]:
        return list(passages_of(self._base, self._changed))

    @cached_property
    def _after(self) -> list[Passage]:
        return list(passages_of(self._head, self._changed))

    @property
    def packages(self) -> frozenset[str]:
        """Return what the project's own code is imported by."""
        return self._base.packages

    def code_gate(self, asked: str) -> Gate:
        """Require that code is as it was but for docstrings."""
        before, after = self._base.snapshot.texts, self._head.snapshot.texts
        comments = re.search(r"\bcomments?\b", asked, re.I) is not None
        faults = [f"{path}: it is no documentation" for path in self._changed if not is_documentation(path)]
        for path in (path for path in self._changed if is_module(path)):
            if path not in before or path not in after:
                faults.append(f"{path}: a module is added or deleted")
            elif why := find_code_change(before[path], after[path], comments=comments):
                faults.append(f"{path}: {why}")
        modules = sum(is_module(path) for path in self._changed)
        told = f"{counted(modules, 'module')} changed, each with the same syntax tree but for docstrings"
        return _gate("code unchanged", faults, told if modules else "no module changed", part="implementation")

    def defects_gate(self, survey: Survey, since: Snapshot | None) -> Gate:
        """Require that the listed faults are gone and that none is new.

        ``since`` are the files at which stale passages were true.
        """
        listed = {one.key: one for one in survey.defects}
        paths = sorted({*self._changed, *(one.path for one in survey.defects)})
        now = [*Facts(self._head).find_defects(paths)]
        now += list_stale(since, self._head.snapshot) if since is not None else ()
        known = {one.key for one in Facts(self._base).find_defects(paths)}
        left = [one for one in now if one.key in listed]
        new = [one for one in now if one.key not in known and one.key not in listed and one.kind != "stale"]
        faults = [f"{one.path}:{one.line}: still there: {one.text}" for one in left]
        faults += [f"{one.path}:{one.line}: new: {one.text}" for one in new]
        before = f"{counted(len(survey.defects), 'fault')} listed by code" if listed else "none listed"
        return _gate("faults of the documentation", faults, "none is left, none is new", before=before)

    def names_gate(self) -> Gate:
        """Require that a changed passage names nothing that nobody knows."""
        known = {mention.text for passage in self._before for mention in find_mentions(passage)}
        faults = []
        count = 0
        for passage in self._new_passages():
            names = [one for one in find_mentions(passage) if one.kind == "name" and self._is_name(one, passage)]
            count += len(names)
            invented = [one for one in names if one.text not in known and not self._is_known(one, passage)]
            faults += [f"{passage.path}:{one.line}: nothing is called `{one.text}`" for one in invented]
        return _gate("names", faults, f"{counted(count, 'name')} in changed passages looked up")

    def _is_name(self, mention: Mention, passage: Passage) -> bool:
        """Return whether a mention is code for sure: ``example.com`` is none."""
        certain = mention.marked or passage.kind == "code" or "." not in mention.text
        return certain or mention.text.partition(".")[0] in self._base.packages

    def _is_known(self, mention: Mention, passage: Passage) -> bool:
        last = mention.text.rpartition(".")[2]
        return last in self._words or last in self._bound(passage.path)

    def passages_gate(self) -> Gate:
        """Require that passages are mended, not deleted."""
        deleted = find_deleted(self._before, self._after)
        faults = [f"{one.path}:{one.start}: deleted, not mended: {one.text[:200]}" for one in deleted]
        return _gate("passages", faults, f"{counted(len(self._before), 'passage')} read, none deleted")

    def required_gate(self, survey: Survey) -> Gate:
        """Require that a page holds what code alone decides."""
        text = self._head.snapshot.texts.get(survey.page, "")
        lines = "\n".join(line.rstrip() for line in text.split("\n"))
        missing = [one for one in survey.required if one not in lines]
        faults = [f"{survey.page} lacks, as it is:\n{one}" for one in missing]
        return _gate(f"`{survey.page}`", faults, "holds what is read from the code")

    def evasions_gate(self) -> Gate:
        """Require that no example avoids being run."""
        found = [(one.example, find_evasion(one.example)) for one in self.rewrites]
        faults = [f"{example.path}:{example.line}: {why}" for example, why in found if why is not None]
        return _gate("examples that avoid their run", faults, "none")

    @cached_property
    def rewrites(self) -> tuple[Rewrite, ...]:
        """Return the examples that the change wrote, page by page."""
        programs = read_scripts(self._head.snapshot.texts.get("pyproject.toml", ""))
        found: list[Rewrite] = []
        for path in self._changed:
            before = read_examples((one for one in self._before if one.path == path), programs)
            after = read_examples((one for one in self._after if one.path == path), programs)
            found += find_rewrites(before, after)
        return tuple(found)

    def _new_passages(self) -> Iterable[Passage]:
        old = {(one.path, one.text) for one in self._before}
        return (one for one in self._after if (one.path, one.text) not in old)

    def _find_bound(self, path: str) -> frozenset[str]:
        """Return the words that the code of a page itself gives a meaning to."""
        code = (one.text for one in self._after if one.path == path and one.kind == "code")
        return frozenset(word for text in code for words in _BOUND.findall(text) for word in ".".join(words).split("."))

    @cached_property
    def _words(self) -> frozenset[str]:
        """Return the words of code, tests and settings: others are invented."""
        base = self._base.snapshot
        texts = [*base.python.values(), *base.others.values()]
        return _KNOWN.union(*(_WORD.findall(text) for text in texts))


def _gate(name: str, faults: Sequence[str], told: str, *, before: str = "", part: str = "documentation") -> Gate:
    after = told if not faults else counted(len(faults), "fault")
    sentence = f"{name[:1].upper()}{name[1:]}: {after}."
    return Gate(
        name=name,
        passed=not faults,
        before=before,
        after=after,
        detail="\n".join(faults[:_SHOWN]),
        parts={"implementation": sentence} if part == "implementation" else {"documentation": sentence},
    )
