"""Cut the code of the likeliest functions to a budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.context.lookup import number_lines
from bot.context.ranking import RankedFile

_CHARACTERS_A_TOKEN = 3.5  # of source code, which has 2.5 to 4
_FUNCTIONS = 12  # shown with their code
_CODE_LINES = 80  # of a function


@dataclass(frozen=True)
class Windows:
    """Passages to read, ``tokens`` (an estimate), what had no room."""

    passages: tuple[str, ...]
    left_out: tuple[str, ...]
    tokens: int

    def __str__(self) -> str:
        rest = (f"(no room for: {', '.join(self.left_out)})",) if self.left_out else ()
        return "\n\n".join((*self.passages, *rest))


class _Index(Protocol):
    def texts(self, paths: Iterable[str]) -> dict[str, str]: ...


def cut_windows(index: _Index, ranking: Sequence[RankedFile], budget: int) -> Windows:
    """Cut a ranking to a budget of tokens: its paths, then functions' code."""
    room = _Room(budget)
    lines = [
        f"{number}. {one.path}" + (f" ({one.reasons[0]})" if one.reasons else "")
        for number, one in enumerate(ranking, 1)
    ]
    room.add("ranking", "\n".join(["Likeliest files:", *lines]))
    functions = sorted((one for file in ranking for one in file.functions), key=lambda one: -one.score)[:_FUNCTIONS]
    texts = index.texts(dict.fromkeys(one.path for one in functions))
    for one in functions:
        if one.path in texts:
            end = min(one.end, one.start + _CODE_LINES - 1)
            rest = f"\n(cut; it ends in line {one.end})" if end < one.end else ""
            code = number_lines(texts[one.path].split("\n"), one.start, end)
            room.add(f"{one.path}:{one.name}", f"{one.path}, {one.name}:\n{code}{rest}")
    return room.windows()


class _Room:
    def __init__(self, budget: int) -> None:
        self._budget = float(budget)
        self._passages: list[str] = []
        self._left_out: list[str] = []
        self._used = 0.0

    def add(self, name: str, passage: str) -> None:
        """Add a passage if it fits."""
        tokens = len(passage) / _CHARACTERS_A_TOKEN + 1
        if self._used + tokens > self._budget:
            self._left_out.append(name)
            return
        self._used += tokens
        self._passages.append(passage)

    def windows(self) -> Windows:
        return Windows(tuple(self._passages), tuple(self._left_out), round(self._used))
