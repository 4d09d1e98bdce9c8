"""Find the passages that a change made false: they name what it removed, moved or renamed.

A passage that the change itself wrote is its author's word on the new state and is not judged.

``stale_passages(base, head)`` is pure and asks no model. Read both commits with
:func:`bot.documentation.snapshot.read_snapshot` (of a pull request: its merge base and its head) and call it in a
thread, as it parses Python. A check run says of each passage ``path``, ``start``, ``end`` and ``reasons``; no passage
means no comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, cached_property
from io import BytesIO, TextIOWrapper

from bot.documentation.codebase import Codebase
from bot.documentation.docstrings import check_docstrings, parameters_of
from bot.documentation.links import find_target
from bot.documentation.mentions import Mention, find_mentions
from bot.documentation.modules import Module, Symbol
from bot.documentation.passages import Passage, read_docstrings, read_passages
from bot.documentation.records import StalePassage
from bot.documentation.snapshot import Snapshot

# A passage that says this tells of former names on purpose.
_PAST = re.compile(
    r"\b(?:deprecated|removed (?:in|since)|renamed|formerly|previously|no longer|used to be|was called|versionchanged"
    r"|versionremoved)\b",
    re.I,
)
# What values of the language's own types have: after a variable's name it says nothing of the code.
_COMMON = frozenset(name for kind in (str, bytes, dict, list, set, int, TextIOWrapper, BytesIO) for name in dir(kind))


def stale_passages(base: Snapshot, head: Snapshot) -> tuple[StalePassage, ...]:
    """Return the passages of ``head`` that were true only at ``base``."""
    if base == head:
        return ()
    before = Codebase(base)
    change = _Change(before, Codebase(head, like=before))
    found = [change.judge(passage) for passage in change.find_unchanged()]
    return tuple(sorted(filter(None, found), key=lambda one: (one.path, one.start)))


class _Change:
    """Two commits, and what the first has that the second lacks."""

    def __init__(self, base: Codebase, head: Codebase) -> None:
        self._base = base
        self._head = head
        self._name = cache(self._explain_name)

    def find_unchanged(self) -> Iterator[Passage]:
        """Yield the passages that the change left; no heading of what it rewrote."""
        before = {(one.path, one.text) for one in _passages(self._base)}
        after = list(_passages(self._head))
        rewritten = {(one.path, one.heading) for one in after if (one.path, one.text) not in before}
        for one in after:
            rewrites = one.kind == "heading" and (one.path, one.heading) in rewritten
            if (one.path, one.text) in before and not rewrites:
                yield one

    def judge(self, passage: Passage) -> StalePassage | None:
        """Return a passage with what it names that is gone, if anything."""
        if _PAST.search(passage.text):
            return None
        explained = (self._explain(mention, passage) for mention in find_mentions(passage))
        reasons = {*filter(None, explained), *self._false_docstrings.get((passage.path, passage.start), ())}
        if not reasons:
            return None
        return StalePassage(
            path=passage.path,
            start=passage.start,
            end=passage.end,
            text=passage.text,
            reasons=tuple(sorted(reasons)),
        )

    @cached_property
    def _false_docstrings(self) -> dict[tuple[str, int], list[str]]:
        """Return what docstrings tell of parameters that are gone, by place."""
        known = {defect.text for module in self._base.modules() for defect in check_docstrings(module)}
        found: dict[tuple[str, int], list[str]] = {}
        for module in self._head.modules():
            for defect in check_docstrings(module):
                if defect.kind == "false" and defect.text not in known:
                    found.setdefault((defect.path, defect.line), []).append(defect.text)
        return found

    def _explain(self, mention: Mention, passage: Passage) -> str | None:
        """Say why a mention holds no longer; None where it does, or never did."""
        text = mention.text
        gone = False
        match mention.kind:
            case "name":
                return self._name(text, mention.marked) or self._explain_member(text, passage)
            case "keyword" | "parameter":
                return self._explain_keyword(text)
            case "flag":
                gone = self._base.is_literal(text) and not self._is_option(text)
            case "variable":
                names = self._base.is_literal(text) or self._base.symbols(text)
                gone = bool(names) and not self._head.says(text) and not self._head.defines(text)
            case "route":
                gone = self._base.is_literal(text) and not self._head.says(text)
            case "path" | "link":
                before, now = self._base.snapshot, self._head.snapshot
                gone = find_target(before, passage.path, text) and not find_target(now, passage.path, text)
        return f"`{text}` is gone" if gone else None

    def _is_option(self, flag: str) -> bool:
        """Say whether an option is there, or made from a parameter's name."""
        name = flag.lstrip("-").replace("-", "_")
        return self._head.says(flag) or self._head.defines(name) or self._head.defines(name.removeprefix("no_"))

    def _explain_name(self, text: str, marked: bool) -> str | None:
        base, head = self._base, self._head
        if text.partition(".")[0] in base.packages and "." in text:
            now = head.resolve(text)
            # a module with a ``__getattr__`` names what it gives out
            nowhere = now == "unknown" and not head.defines(text.rpartition(".")[2])
            gone = base.resolve(text) == "found" and (now == "absent" or nowhere)
            return f"`{text}` does not resolve any more" if gone else None
        places = _of_class(base, text)
        if places:
            left = {head.resolve(f"{module.name}.{symbol.name}") for module, symbol in places}
            return f"`{text}` is gone" if left == {"absent"} and not _of_class(head, text) else None
        root, _, rest = text.partition(".")
        last = text.rpartition(".")[2]
        if rest and (root in base.foreign or last in _COMMON):
            return None
        known = base.symbols(last) or (marked and base.has_parameter(last))
        return f"`{last}` is gone" if known and not head.defines(last) else None

    def _explain_member(self, text: str, passage: Passage) -> str | None:
        """Explain a name that lives on elsewhere, by its class."""
        last = text.rpartition(".")[2]
        context = f"{passage.heading}\n{passage.text}"
        for symbol in self._lost_members.get(last, ()):
            owner = symbol.name.split(".")[-2]
            if not re.search(rf"\b{re.escape(owner)}\b", context):
                continue
            others = (one.name.split(".")[-2] for _, one in self._head.symbols(last) if "." in one.name)
            if not any(re.search(rf"\b{re.escape(other)}\b", context) for other in others):
                return f"`{owner}.{last}` is gone"
        return None

    @cached_property
    def _lost_members(self) -> dict[str, list[Symbol]]:
        """Return the members that classes have lost, by last name."""
        lost: dict[str, list[Symbol]] = {}
        for module in self._base.modules():
            if module is self._head.module(module.name):
                continue
            for symbol in module.symbols.values():
                if "." in symbol.name and self._head.resolve(f"{module.name}.{symbol.name}") == "absent":
                    lost.setdefault(symbol.last, []).append(symbol)
        return lost

    def _explain_keyword(self, text: str) -> str | None:
        """Explain ``function(keyword)`` where nothing of the name takes it now."""
        called, _, keyword = text.removesuffix(")").partition("(")
        function = called.rpartition(".")[2]
        before = self._base.symbols(function)
        now = self._head.symbols(function)
        had = any(_takes(module, symbol, keyword, exactly=True) for module, symbol in before)
        if not had or not now or any(_takes(module, symbol, keyword) for module, symbol in now):
            return None
        return f"`{function}` has no parameter `{keyword}` any more"


def _passages(code: Codebase) -> Iterator[Passage]:
    for path, text in code.snapshot.prose.items():
        yield from read_passages(path, text)
    for module in code.modules():
        yield from read_docstrings(module)


def _of_class(code: Codebase, text: str) -> list[tuple[Module, Symbol]]:
    """Return the members that ``Class.member`` may mean."""
    *owner, last = text.split(".")
    if not owner:
        return []
    # a value is mostly called as its class is: ``request.content``
    wanted = f".{owner[-1].replace('_', '').lower()}.{last.lower()}"
    return [place for place in code.symbols(last) if f".{place[1].name.lower()}".endswith(wanted)]


def _takes(module: Module, symbol: Symbol, keyword: str, *, exactly: bool = False) -> bool:
    """Say whether a keyword may be passed; ``exactly``: is known to be."""
    if symbol.kind == "attribute":
        return not exactly
    parameters = parameters_of(module, symbol)
    if parameters is None:
        return f"{symbol.name}.{keyword}" in module.symbols or (bool(symbol.bases) and not exactly)
    return any(one.name == keyword or (one.kind == "kwargs" and not exactly) for one in parameters)
