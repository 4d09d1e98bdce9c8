"""What is done by itself: hundreds of stories, judged by an oracle that knows what really happened."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from bot.incidents.admission import admit
from bot.incidents.decision import decide
from bot.incidents.facts import gather
from bot.incidents.records import Choice
from bot.incidents.recovery import find_cause
from bot.incidents.rules import ACTS, IncidentRules, ServiceRules
from bot.signals.records import Signal
from bot.store import acts, incidents
from bot.store.acts import ActRow
from bot.store.database import create_engine
from bot.store.incidents import Incident
from bot.store.store import Store
from tests.incidents import news
from tests.incidents.news import HERE, MINUTE, NOW, job

HOUR = 60 * MINUTE
SERVICES = {
    name: ServiceRules(environment=f"{name}-production", rollback="act") for name in ("shop", "pay", "mail", "search")
}
BACK = {"rollback", "revert"}
RULES = IncidentRules(heal="act", rerun="act", revert="act", rollback="act", quarantine="act", services=SERVICES)


def alert(name: str, *, service: str = "shop", environment: str | None = None, **more: Any) -> Signal:
    """An alert of a service, in the environment that it is mapped to."""
    where = f"{service}-production" if environment is None else environment
    return news.alert(name, service=service, environment=where, **more)


@dataclass
class World:
    """What really happens; the oracle alone knows it."""

    store: Store
    now: int = NOW
    broken_by: dict[str, int] = field(default_factory=dict)  # service: the deployment that broke it
    red_by_code: bool = False
    done: list[tuple[int, str, str, Incident]] = field(default_factory=list)  # when, act, where, about what
    wrong: list[str] = field(default_factory=list)
    count: int = 0

    def pass_time(self, minutes: float) -> None:
        self.now += int(minutes * MINUTE)

    def deploy(self, service: str) -> int:
        """A deployment succeeds; when it did."""
        self.count += 1
        deployed = Signal(
            source="github", kind="deploy_succeeded", state_key=f"deployment {self.count}",
            incident_key=f"github deploy {service}-production", title="deployed", started=self.now,
            environment=f"{service}-production", sha=f"{self.count:040x}",
        )  # fmt: skip
        self.send(deployed)
        return self.now

    def send(self, *signals: Signal) -> None:
        """Signals come in, and whatever is due is looked at."""
        self.store.run_sync(partial(admit, repository=HERE, signals=signals, now=self.now))
        self.look()

    def look(self) -> None:
        """Look at each open incident; whatever is decided is done, and judged."""
        for one in self.store.run_sync(lambda c: incidents.list_recent(c, HERE.id, 0)):
            if one.open_key is None:
                continue
            for choice in self.store.run_sync(partial(self._decide, one=one)):
                if choice.verdict == "act":
                    self._judge(one, choice)
                    self.done.append((self.now, choice.act, choice.environment or choice.branch, one))

    def _decide(self, connection: sa.Connection, one: Incident) -> list[Choice]:
        troubles = tuple(incidents.list_troubles(connection, one.id))
        one = one.model_copy(update={"cause": find_cause(one, troubles)})
        facts = gather(connection, one, self.now, ACTS, 1 if one.good_sha else None)
        choices = decide(one, RULES, facts)
        for choice in choices:
            if choice.verdict == "act":
                attempt = 1 + sum(act.incident == one.id and act.act == choice.act for act in facts.acts)
                row = ActRow(
                    incident=one.id, act=choice.act, attempt=attempt, episode=one.episode, repository=HERE.id,
                    branch=choice.branch, environment=choice.environment, reason=choice.reason, at=self.now,
                    task=f"{one.id} {choice.act} {attempt}",
                )  # fmt: skip
                acts.put(connection, row)
        return choices

    def _mends(self, branch: str) -> bool:
        """Say whether more than one heal or revert of a branch is at work."""
        active = self.store.run_sync(acts.list_active)
        return sum(row.act in {"heal", "revert"} and row.branch == branch for row in active) > 1

    def end_acts(self, outcome: str) -> None:
        """Everything that was started ends."""

        def end(connection: sa.Connection) -> None:
            for row in acts.list_active(connection):
                acts.end(connection, row, outcome, self.now)

        self.store.run_sync(end)

    def _judge(self, one: Incident, choice: Choice) -> None:
        """Say whether an act is wrong, by what really happened and by the issue's own words."""
        where = choice.environment or choice.branch
        story = f"{choice.act} {where} for {one.title} at {(self.now - NOW) / MINUTE:g} min"
        if choice.act in {"heal", "revert"} and self._mends(where):
            self.wrong.append(f"beside another heal or revert: {story}")
        taken_back = [at for at, act, place, _ in self.done if act in BACK and place == where]
        if choice.act in BACK and any(at > self.now - 15 * MINUTE for at in taken_back):
            self.wrong.append(f"twice within 15 minutes: {story}")
        if choice.act == "rollback":
            deployed = self.broken_by.get(one.service)
            if deployed is None or not deployed < one.first:
                self.wrong.append(f"no deployment broke it: {story}")
        if choice.act in {"heal", "revert"} and not self.red_by_code:
            self.wrong.append(f"the code is not at fault: {story}")
        if choice.act == "heal" and sum(act == "heal" and about.id == one.id for _, act, _, about in self.done) >= 2:
            self.wrong.append(f"a third attempt: {story}")
        if choice.act == "quarantine":
            self.wrong.append(f"no test was shown to be flaky: {story}")
        if choice.act == "rerun" and (self.red_by_code or self.now - one.first < 10 * MINUTE):
            self.wrong.append(f"a re-run of what failed by itself: {story}")


def tell_bad_deployment(world: World, dice: random.Random) -> None:
    """A deployment breaks a service; the alert repeats, flaps and is replayed."""
    world.pass_time(dice.uniform(0, 60))
    world.broken_by["shop"] = world.deploy("shop")
    world.pass_time(dice.uniform(1, 25))
    began = world.now
    first = alert("errors", at=began)
    world.send(first)
    for _ in range(dice.randrange(8)):
        world.pass_time(dice.uniform(0.1, 8))
        again = alert("errors", at=world.now, kind=dice.choice(["alert_firing", "alert_resolved"]))
        world.send(dice.choice([first, again]))
        if dice.random() < 0.3:
            world.end_acts(dice.choice(["done", "failed"]))


def tell_older_trouble(world: World, dice: random.Random) -> None:
    """Something breaks by itself; then a harmless deployment comes, and the alert comes by other names."""
    began = world.now
    world.send(alert("slow", at=began))
    world.pass_time(dice.uniform(1, 30))
    world.deploy("shop")
    for number in range(dice.randrange(1, 6)):
        world.pass_time(dice.uniform(0.5, 9))
        if dice.random() < 0.5:
            world.send(alert("slow", at=began, state_key=f"renamed group {number}"))
        elif dice.random() < 0.5:
            world.send(alert(f"slow renamed {number}", at=world.now))
        else:
            world.send(alert("slow", kind="alert_resolved", at=world.now))
            world.send(alert("slow", at=world.now + 1))


def tell_outage_of_all(world: World, dice: random.Random) -> None:
    """The provider goes down shortly after a deployment, and every service with it."""
    for service in SERVICES:
        world.deploy(service)
    world.pass_time(dice.uniform(1, 20))
    batch = [alert(f"down {service}", at=world.now, service=service)
             for service in SERVICES]  # fmt: skip
    dice.shuffle(batch)
    world.send(*batch)
    for _ in range(dice.randrange(4)):
        world.pass_time(dice.uniform(0.5, 5))
        world.send(alert(f"more {dice.random()}", at=world.now, service=dice.choice(list(SERVICES)), environment=""))


def tell_old_and_empty_news(world: World, dice: random.Random) -> None:
    """A body of last week is replayed, series vanish, strangers and wrong environments speak."""
    world.deploy("shop")
    world.pass_time(dice.uniform(1, 20))
    kinds = [
        alert("old", at=world.now - 25 * HOUR),
        alert("empty", at=world.now, labels={"transition": "No Data"}),
        alert("DatasourceNoData", at=world.now, labels={"alertname": "DatasourceNoData"}),
        alert("stranger", at=world.now, service="unknown"),
        alert("nobody", at=world.now, service=""),
        alert("staging", at=world.now, environment="staging"),
        alert("mild", at=world.now, severity="warning"),
    ]
    for signal in dice.sample(kinds, dice.randrange(1, 5)):
        world.send(signal)
        world.pass_time(dice.uniform(0, 3))


def tell_red_by_code(world: World, dice: random.Random) -> None:
    """A commit breaks a test; it stays red however often CI runs."""
    world.red_by_code = True
    world.send(job("test", kind="ci_passed", run=0, sha="a" * 40))
    for run in range(1, dice.randrange(3, 9)):
        world.pass_time(dice.uniform(1, 30))
        world.send(job("test", run=run, at=world.now))
        if dice.random() < 0.6:
            world.end_acts(dice.choice(["done", "failed", "unverified"]))


def tell_outage_of_ci(world: World, dice: random.Random) -> None:
    """The machines of CI fail before anything runs."""
    names = dice.sample(["test", "lint", "types", "docs", "build"], dice.randrange(1, 6))
    for number, name in enumerate(names * 2):
        world.pass_time(dice.uniform(0, 2))
        world.send(job(name, run=number, at=world.now, labels={"setup": "true", "run": "7"}))
    world.pass_time(dice.uniform(0, 30))
    world.look()


def tell_late_trouble(world: World, dice: random.Random) -> None:
    """Something breaks long after the last deployment."""
    world.deploy("shop")
    world.pass_time(dice.uniform(31, 600))
    world.send(alert("late", at=world.now))
    world.pass_time(dice.uniform(0, 20))
    world.look()


STORIES = [
    tell_bad_deployment,
    tell_older_trouble,
    tell_outage_of_all,
    tell_old_and_empty_news,
    tell_red_by_code,
    tell_outage_of_ci,
    tell_late_trouble,
]


@pytest.fixture
def worlds(sqlite: str) -> Iterator[partial[World]]:
    store = Store(create_engine(sqlite))
    yield partial(World, store)
    store.close()


def forget(store: Store) -> None:
    store.run_sync(lambda c: incidents.forget(c, HERE.id))


def test_nothing_wrong_is_done_by_itself_in_200_stories(worlds: partial[World]) -> None:
    done: dict[str, int] = {}
    for seed in range(200):
        world = worlds()
        forget(world.store)
        dice = random.Random(seed)
        STORIES[seed % len(STORIES)](world, dice)
        assert world.wrong == [], f"story {seed}, {STORIES[seed % len(STORIES)].__name__}"
        for _, act, _, _ in world.done:
            done[act] = done.get(act, 0) + 1
    assert min(done.get(act, 0) for act in ("heal", "rollback", "revert", "rerun")) > 0, f"only {done}"


def test_a_clock_that_is_set_back_proposes_no_second_fix(worlds: partial[World]) -> None:
    world = worlds()
    world.red_by_code = True
    world.send(job("test", kind="ci_passed", run=0, sha="a" * 40))
    world.pass_time(5)
    world.send(job("test", at=world.now))
    world.pass_time(-2)
    world.end_acts("done")
    world.look()
    assert [act for _, act, _, _ in world.done] == ["heal"]


def test_news_by_a_clock_that_is_ahead_is_answered_once_and_hides_no_later_news(worlds: partial[World]) -> None:
    world = worlds()
    world.red_by_code = True
    world.send(job("test", kind="ci_passed", run=0, sha="a" * 40))
    world.now += HOUR
    red = job("test", at=world.now)
    world.store.run_sync(partial(admit, repository=HERE, signals=[red], now=world.now))
    world.now -= HOUR
    world.look()
    world.pass_time(1)
    world.end_acts("done")
    world.look()
    assert [act for _, act, _, _ in world.done] == ["heal"]
    world.send(job("test", run=2, at=world.now))
    assert [act for _, act, _, _ in world.done] == ["heal", "heal"]


def test_what_policy_has_off_is_not_done_and_a_proposal_starts_nothing(worlds: partial[World]) -> None:
    world = worlds()
    world.store.run_sync(partial(admit, repository=HERE, signals=[job("test")], now=NOW))
    (one,) = world.store.run_sync(lambda c: incidents.list_recent(c, HERE.id, 0))
    facts = world.store.run_sync(lambda c: gather(c, one, NOW, ["heal"], None))
    off, proposed, missing = (
        {choice.act: choice for choice in decide(one, rules, facts)}
        for rules in (IncidentRules(enabled=True), IncidentRules(heal="propose"), IncidentRules(rerun="act"))
    )
    assert {choice.verdict for choice in off.values()} == {"off"}
    assert proposed["heal"].verdict == "propose"
    assert proposed["heal"].input == {"branch": "main", "sha": ""}
    assert missing["rerun"].verdict == "no"
