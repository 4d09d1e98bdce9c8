"""Draw as many examples as wanted, the same ones for each number: cases for servers that Hypothesis does not judge."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, seed, settings


def drawn(count: int, number: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a function to be called with so many examples, none of which is kept or made smaller."""

    def decorate(make: Callable[..., None]) -> Callable[..., None]:
        health = list(HealthCheck)
        chosen = settings(
            max_examples=count, deadline=None, phases=[Phase.generate], suppress_health_check=health, database=None
        )
        return seed(number)(chosen(make))

    return decorate
