"""Find the passages that a change deleted where it should have mended them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.documentation.codebase import Codebase
from bot.documentation.mentions import is_python, is_shell
from bot.documentation.passages import Passage, read_docstrings, read_passages

# of a mended passage's words, so many are still there: below a rewriting, above two texts on one subject
_KEPT = 0.4
_WORD = re.compile(r"\w+")


def find_deleted(before: Iterable[Passage], after: Iterable[Passage]) -> tuple[Passage, ...]:
    """Return the passages without a counterpart that keeps their words.

    A counterpart serves one passage alone, and an example's is an example of the same kind, so that none is lost by
    being called text.
    """
    old, new = list(before), list(after)
    unchanged = {_identity(one) for one in old} & {_identity(one) for one in new}
    candidates = [one for one in new if _identity(one) not in unchanged]
    deleted = []
    for passage in (one for one in old if one.kind != "heading" and _identity(one) not in unchanged):
        best = max(candidates, key=lambda other: _kept(passage, other), default=None)
        if best is None or _kept(passage, best) < _KEPT:
            deleted.append(passage)
        else:
            candidates.remove(best)
    return tuple(deleted)


def passages_of(code: Codebase, paths: Iterable[str]) -> Iterator[Passage]:
    """Yield the passages of pages, and of the docstrings of modules."""
    wanted = set(paths)
    for path in sorted(wanted & code.snapshot.texts.keys()):
        if not path.endswith((".py", ".pyi")):
            yield from read_passages(path, code.snapshot.texts[path])
    for module in code.modules():
        if module.path in wanted:
            yield from read_docstrings(module)


def _identity(passage: Passage) -> tuple[str, str]:
    return _class(passage), " ".join(passage.text.split())


def _kept(old: Passage, new: Passage) -> float:
    """Return the share of a passage's words that another of its class keeps."""
    words = set(_WORD.findall(old.text.lower()))
    if _class(old) != _class(new):
        return 0.0
    return len(words & set(_WORD.findall(new.text.lower()))) / len(words) if words else 1.0


def _class(passage: Passage) -> str:
    """Return what a passage is to a reader: prose, or code of a kind."""
    if is_python(passage):
        return "python"
    return "shell" if is_shell(passage) else passage.kind
