"""Limits hold across processes: what one took the others do not give again."""

from __future__ import annotations

from bot.rates import Allowance, Rates
from bot.store.store import Store
from bot.upkeep.sharing import RateSharing


async def test_what_one_process_took_another_does_not_give(store: Store) -> None:
    one, other = Rates(), Rates()
    loops = [RateSharing(store, one), RateSharing(store, other)]
    hour = Allowance("maria", 6, 3600.0)
    for _ in range(3):
        assert [rates.take(hour) for rates in (one, other)] == [0.0, 0.0]
        for loop in (*loops, *loops):
            await loop.exchange()
    assert min(rates.find_wait(hour) for rates in (one, other)) > 0, "six of six were given, three by each"
    doors = [rates.part(name) for rates in (one, other) for name in ("api", "room")]
    assert [door.take(hour) for door in doors] == [0.0] * 4, "each door has limits of its own"
    await loops[0].exchange()
    late = Rates()
    begins = RateSharing(store, late)
    await begins.exchange()
    await begins.exchange()
    assert late.part("api").find_wait(Allowance("maria", 1, 3600.0)) == 0.0, "what was told before is over"
