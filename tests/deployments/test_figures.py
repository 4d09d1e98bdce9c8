"""Figures since a deployment beside those before it, and advice when load grows: only what the numbers show."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from bot.deployments.figures import advise_load, describe, find_deployment
from bot.deployments.telling import keep, load_figures
from bot.deployments.words import tell_figures
from bot.store import deployments, figures
from bot.store.deployments import Deployed
from bot.store.figures import Figures
from bot.store.store import Store

MINUTE = 60_000


def deployed(number: int, good: int | None) -> Deployed:
    return Deployed(id=number, environment="production", sha="a" * 40, created=number, state="s", changed=1, good=good)


def window(minute: int, number: int | None = 1, service: str = "shop", /, **numbers: float) -> Figures:
    start, end = minute * MINUTE, (minute + 1) * MINUTE
    place = {"environment": "production", "service": service}
    return Figures.model_validate({**place, "started": start, "ended": end, "deployment": number, "numbers": numbers})


def load(requests: float, p95: float, errors: float = 0.001, **more: float) -> dict[str, float]:
    return {"requests_per_second": requests, "latency_p95_ms": p95, "error_rate": errors, **more}


def advise(now: dict[str, float], usual: dict[str, float], base: int = 12, number: int = 1) -> str:
    earlier = [window(minute, **usual) for minute in range(base)]
    newest = [window(100 + minute, number, **now) for minute in range(3)]
    return advise_load([*reversed(newest), *reversed(earlier)])


def test_a_window_belongs_to_what_was_live_in_all_of_it() -> None:
    history = [deployed(3, None), deployed(2, 200), deployed(1, 100)]
    assert find_deployment(history, 100, 200) == 1
    assert find_deployment(history, 199, 201) is None, "the deployment came in between"
    assert find_deployment(history, 200, 300) == 2
    assert find_deployment(history, 50, 90) is None


def test_a_deployment_stands_beside_the_one_before_it_by_medians() -> None:
    history = [deployed(2, 20), deployed(1, 10)]
    now = [window(40 + each, 2, latency_p95_ms=value, cpu=0.5) for each, value in enumerate((470, 9_000, 480))]
    before = [window(each, 1, latency_p95_ms=210, error_rate=0.002) for each in range(3)]
    windows = [*reversed(now), *reversed(before)]
    found = describe("shop", history[0], history, windows)
    assert found is not None
    assert found.change == "p95 210 ms -> 480 ms since deployment 2 (before it 1)", "one bad minute says nothing"
    assert (found.windows, found.earlier, found.now["cpu"]) == (3, 1, 0.5)
    assert tell_figures([found]) == f"- `shop`: {found.change}"
    first = describe("shop", history[1], history, windows)
    assert first is not None
    assert (first.change, first.earlier) == ("", None)
    assert describe("shop", deployed(9, 30), history, windows) is None
    assert tell_figures([first]) == ""


def test_grown_load_that_is_not_carried_is_told_with_its_numbers() -> None:
    said = advise(load(84, 714), load(40, 210))
    assert said == (
        "requests grew 2.1x (40/s -> 84/s) while p95 grew 3.4x (210 ms -> 714 ms): this load is not carried as the "
        "earlier one was"
    )
    both = advise(load(84, 714, 0.05, cpu=0.93), load(40, 210, cpu=0.4), number=2)
    assert "and errors grew (0.1 % -> 5 %)" in both
    assert both.endswith("; CPU is at 93 %; the deployment is new as well, so it may be that")
    tight = advise(load(84, 220, memory=0.8), load(40, 210))
    assert tight == (
        "requests grew 2.1x (40/s -> 84/s); p95 and errors are not worse as far as told, but memory is at 80 %, so "
        "little is left"
    )


@pytest.mark.parametrize(
    ("now", "base"),
    [
        (load(84, 300), 12),  # latency keeps up
        (load(84, 714), 11),  # what is usual is not known yet
        (load(59, 714, 0.5), 12),  # load has not grown
        ({"latency_p95_ms": 714.0}, 12),  # nothing is told of requests
        (load(84, 210, 0.009), 12),  # errors are few
    ],
)
def test_nothing_is_said_where_the_numbers_show_nothing(now: dict[str, float], base: int) -> None:
    assert advise(now, load(40, 210), base) == ""
    assert advise(now, load(0, 0), base) == "", "nothing grows from nothing"


async def test_what_is_kept_is_bounded_and_forgotten(store: Store) -> None:
    for one in (deployed(1, 1), deployed(2, 110 * MINUTE)):
        await store.run(deployments.record, 7, one)
    told = [window(minute, latency_p95_ms=float(minute)) for minute in range(1, 106)]
    again = told[-1].model_copy(update={"numbers": {"latency_p95_ms": 1.0}})
    await store.run(keep, 7, [*told, again, window(120, latency_p95_ms=200.0), window(120, None, "mail", cpu=0.1)])
    kept = await store.run(_list_shop)
    assert (len(kept), kept[0].deployment, kept[1].deployment) == (101, 2, 1), "100 of each deployment"
    assert (kept[1].numbers, kept[-1].started) == ({"latency_p95_ms": 105.0}, 6 * MINUTE), "what came first stays"
    live = await store.run(deployments.get, 7, 2)
    assert live is not None
    found = await store.run(load_figures, 7, live, 999 * MINUTE)
    assert [(one.service, one.change[:22]) for one in found] == [("mail", ""), ("shop", "p95 99.5 ms -> 200 ms ")]
    assert await store.run(load_figures, 7, live, 110 * MINUTE) == (), "nothing of later times"
    assert await store.run(figures.list_environments, 7, "mail") == ["production"]
    assert await store.run(figures.forget_old, 100 * MINUTE) == 93
    assert await store.run(figures.forget_old, 100 * MINUTE) == 0
    await store.run(figures.forget_repository, 7)
    assert await store.run(_list_shop) == []
    assert await store.run(deployments.get, 8, 2) is None


def _list_shop(connection: sa.Connection) -> Sequence[Figures]:
    return figures.list_windows(connection, 7, "production", "shop", until=999 * MINUTE, most=500)
