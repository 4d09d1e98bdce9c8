"""Ask questions side by side; ask those refused for money again, alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from bot.engine.port import Ctx, Step

SIDE_BY_SIDE = 6


class BudgetedAnswer(Protocol):
    """Answer that costs money; ``short``: the budget did not allow it."""

    @property
    def short(self) -> bool: ...


T = TypeVar("T", bound=BudgetedAnswer)


async def ask_all(
    ctx: Ctx,
    steps: Mapping[str, Step[T]],
    *,
    after: Mapping[str, str] = MappingProxyType({}),
    beside: Mapping[str, Step[Any]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Ask all questions in waves; return the results by name.

    ``after`` names for a question the one that has to be answered before it is asked. ``beside`` are steps that ask
    nothing and run along with the first questions; their results are returned as well. A call sets its worst case
    aside, which is several times what it costs, so those that run beside others may be refused although there is money
    for them; what they had bought is not bought again.
    """
    done: dict[str, Any] = {}
    while ready := [name for name in steps if name not in done and (name not in after or after[name] in done)]:
        wave = ready[:SIDE_BY_SIDE]
        done |= await ctx.parallel({name: steps[name] for name in wave} | (dict(beside) if not done else {}))
        for name in wave:
            if done[name].short:
                again = f"{name}-again"
                done[name] = (await ctx.parallel({again: steps[name]}))[again]
    return done
