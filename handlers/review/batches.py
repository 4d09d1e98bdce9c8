"""Ask many questions to models, some of them side by side.

What was refused while others held the money is asked again alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Protocol, TypeVar

from bot.engine.port import Ctx, Step

_SIDE_BY_SIDE = 6


class BudgetedAnswer(Protocol):
    """Answer to a question that costs money.

    ``short``: there is none, because the budget did not allow the next call.
    """

    @property
    def short(self) -> bool: ...


T = TypeVar("T", bound=BudgetedAnswer)


async def ask_all(ctx: Ctx, steps: Mapping[str, Step[T]]) -> dict[str, T]:
    """Ask all questions; return the results by name.

    A call sets its worst case aside, which is several times what it costs, so those that run beside others may be
    refused although there is money for them; what they had bought is not bought again.
    """
    done: dict[str, T] = {}
    names = iter(steps)
    while wave := list(islice(names, _SIDE_BY_SIDE)):
        done |= await ctx.parallel({name: steps[name] for name in wave})
        for name in wave:
            if done[name].short:
                again = f"{name}-again"
                done[name] = (await ctx.parallel({again: steps[name]}))[again]
    return done
