"""Token buckets: they fill evenly, take from all or none, and forget the longest unheard of."""

from __future__ import annotations

import time

import pytest

from bot.rates import Allowance, Rates


def test_buckets_fill_evenly_and_take_from_all_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    rates, one, all_of_them = Rates(), Allowance("one", 60), Allowance("all", 90)
    assert [rates.take(one, all_of_them) for _ in range(60)] == [0.0] * 60
    assert rates.take(one, all_of_them) == pytest.approx(1.0)
    assert rates.take(all_of_them, times=30) == 0.0, "what was refused took nothing"
    assert rates.take(all_of_them) == pytest.approx(60 / 90)
    now[0] += 1.5
    assert rates.take(one) == 0.0
    assert rates.find_wait(one) == pytest.approx(0.5)
    assert rates.take(Allowance("hour", 2, 3600.0), times=5) == 0.0, "more than there can ever be is all there is"
    now[0] += 3600.0
    assert rates.take(Allowance("hour", 2, 3600.0), times=2) == 0.0


def test_memory_is_bounded() -> None:
    rates = Rates()
    for number in range(10_001):
        rates.take(Allowance(str(number), 1, 10**9))
    assert rates.take(Allowance("10000", 1, 10**9)) > 0
    assert rates.take(Allowance("0", 1, 10**9)) == 0.0, "it was heard of longest ago"
