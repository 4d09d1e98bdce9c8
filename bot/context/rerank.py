"""Let a model reorder a ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from bot.context.ranking import RankedFile
from bot.context.record import Record

_SIGNATURES = 25  # of a file
_REASON = 200  # characters of a model's reason

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"file": {"type": "integer"}, "reason": {"type": "string"}},
                "required": ["file", "reason"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["order"],
    "additionalProperties": False,
}


class _Index(Protocol):
    def record(self, path: str) -> Record: ...


def list_candidates(index: _Index, ranking: Sequence[RankedFile]) -> str:
    """List the files with numbers and signatures, 200 tokens each."""
    return "\n\n".join(_candidate(number, one, index.record(one.path)) for number, one in enumerate(ranking, 1))


def apply_order(ranking: Sequence[RankedFile], answer: Mapping[str, Any]) -> tuple[RankedFile, ...]:
    """Put the ranking into the order of an answer of :data:`SCHEMA`.

    Its reasons come first; the rest follows as it was. Files that were not asked about, or named before, change
    nothing.
    """
    chosen: dict[int, RankedFile] = {}
    for item in answer["order"]:
        number = item["file"]
        reason = item["reason"]
        if 1 <= number <= len(ranking) and number not in chosen:
            one = ranking[number - 1]
            chosen[number] = replace(one, reasons=(reason[:_REASON], *one.reasons) if reason else one.reasons)
    rest = (one for number, one in enumerate(ranking, 1) if number not in chosen)
    return (*chosen.values(), *rest)


def _candidate(number: int, one: RankedFile, record: Record) -> str:
    likely = {function.start for function in one.functions}
    ordered = sorted(record.definitions, key=lambda definition: definition.start not in likely)
    shown = sorted(ordered[:_SIGNATURES], key=lambda definition: definition.start)
    signatures = "\n".join(f"   {definition.signature}" for definition in shown)
    more = f"\n   ({len(record.definitions) - len(shown)} more)" if len(record.definitions) > len(shown) else ""
    return f"{number}. {one.path}\n{signatures}{more}"
