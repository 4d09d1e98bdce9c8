"""An organisation's file: what it closes stays closed, whatever a repository's own file says."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dispatch.authorise import authorise
from bot.github.resources.permissions import Role
from bot.policy import Policy, PolicyError, default_policy, list_values, parse_organisation, parse_policy
from bot.policy.loader import OwnersFiles
from bot.policy.promotion import NotInPilot, promote
from bot.settings import ModelSettings, Settings
from bot.types import Actor, Repository
from bot.work.origin import Door, Principal
from handlers import TASKS

SCHEMA = TASKS.schema
NAMES = tuple(SCHEMA.sections)
SETTINGS = Settings(models={name: ModelSettings(input_price=1, output_price=1) for name in ("gpt-a", "gpt-b", "own")})
SHOP = Repository(id=1, owner="octo", name="shop", installation=2)
FILE = """\
stages: {pilot: ["team-*"], on: [shop, team-b], paused: [legacy]}
models: [gpt-*]
providers: [openai, llm.example.com]
tasks: [fix, review, ask]
keep_days: 20
approvals: [{paths: ["billing/**"]}]
repositories:
  "shop*":
    models: ["*-a"]
    tasks: [review, ask, docs]
    keep_days: 5
    approvals: [{paths: [infra/], people: 2}]
"""
OPEN = {"write": list(SCHEMA.writable), "read": [name for name in SCHEMA.readable if name not in SCHEMA.writable]}
ADMIN = Principal(actor=Actor(login="ann", id=1), role=Role(name="admin", base="admin"))
DOORS: tuple[Door, ...] = ("label", "command", "button", "event", "api", "schedule", "alert")

names = st.sampled_from(NAMES)
closings = st.fixed_dictionaries(
    {},
    optional={
        "tasks": st.lists(names, max_size=4),
        "models": st.lists(st.sampled_from(["gpt-*", "gpt-a", "own", "*", "none"]), max_size=3),
        "providers": st.lists(st.sampled_from(["openai", "anthropic", "llm.example.com"]), max_size=2),
    },
)
repository_files = st.fixed_dictionaries(
    {},
    optional={
        "commands": st.fixed_dictionaries(
            {},
            optional={
                "write": st.lists(st.sampled_from(SCHEMA.writable), unique=True),
                "read": st.lists(st.sampled_from(SCHEMA.readable), unique=True),
            },
        ),
        "models": st.dictionaries(
            st.sampled_from(["fix", "review"]), st.lists(st.sampled_from(["gpt-a", "gpt-b", "own"]), min_size=1)
        ),
        "incidents": st.fixed_dictionaries({"enabled": st.booleans()}),
        "companions": st.fixed_dictionaries({"show": st.booleans()}),
    },
)


def write(data: object) -> str:
    return yaml.safe_dump(data, default_flow_style=None)


def effective(organisation: str, repository: str = "", name: str = "shop") -> Policy:
    below = parse_organisation(organisation, NAMES).govern(name)
    return parse_policy(repository, SETTINGS, SCHEMA).governed(below, default_policy(SETTINGS, SCHEMA))


def test_sections_add_up_and_every_value_says_where_it_is_from() -> None:
    policy = effective(FILE, "fix: {label: bug}\nincidents: {enabled: true}\n")
    left = policy.organisation
    assert left is not None
    assert (left.stage, left.tasks, left.keep_days) == ("on", ("review", "ask"), 5)
    assert [(rule.paths, rule.people) for rule in left.approvals] == [(("billing/**",), 1), (("infra/",), 2)]
    allowed = left.permitted
    home = "https://api.openai.com/v1"
    assert not allowed.refuse("gpt-a", home, "openai")
    assert "`models`" in allowed.refuse("gpt-b", home, "openai")
    assert "`providers`" in allowed.refuse("gpt-a", "https://elsewhere.example.com/v1", "")
    assert not allowed.refuse("gpt-a", "https://llm.example.com/v1", "")
    told = {row.key: row for row in list_values(policy)}
    assert (told["fix.label"].value, told["fix.label"].origin) == ("ai-bug-fix", "by the organisation's file")
    assert told["incidents.enabled"].value is False
    assert "fix" not in told["commands.write"].value
    assert told["organisation.keep_days"] == ("organisation.keep_days", 5, "by the organisation's file")
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("", {"shop": "on"}),
        (FILE, {"Shop": "on", "team-a": "pilot", "team-b": "on", "legacy": "paused", "other": "outside"}),
        ("stages: {paused: [legacy]}", {"legacy": "paused", "other": "on"}),
        ("stages: {pilot: []}", {"shop": "outside"}),
        ('stages: {on: ["*"], paused: ["sh?p"]}', {"shop": "paused", "other": "on"}),
    ],
)
def test_stages(text: str, stages: dict[str, str]) -> None:
    for name, stage in stages.items():
        below = parse_organisation(text, NAMES).govern(name)
        assert below.stage == stage
        assert bool(below.stopped) == (stage in {"paused", "outside"})
        assert bool(below.refuse("approve", NAMES)) == (stage in {"paused", "outside"})
        assert not below.refuse("config", NAMES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stagse: {}", "forgehand.yml of .github is wrong:\nline 1: stagse: unknown key"),
        ("tasks: [fixx]", "line 1: tasks.0: no such task"),
        ("repositories:\n  a*:\n    tasks: [nope]", "line 3: repositories.a*.tasks.0: no such task"),
        ("repositories: {a: {stages: {}}}", "line 1: repositories.a.stages"),
        ("approvals: [{paths: [], people: 1}]", "line 1: approvals.0.paths"),
        ("approvals: [{paths: [a], people: 3}]", "line 1: approvals.0.people"),
        ("keep_days: 0", "line 1: keep_days"),
        ("budget: {organisation: {week: 3}}", "line 1: budget.organisation.week: unknown key"),
        ("budget:\n  people:\n    mara: {day: -1}", "line 3: budget.people.mara.day"),
        ("budget: {organisation: {soft: {month: 1e300}}}", "line 1: budget.organisation.soft.month"),
        (None, "forgehand.yml of .github cannot be read: it has to be UTF-8 text of 64 KiB at most"),
    ],
)
def test_errors_name_line_and_key(text: str | None, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_organisation(text, NAMES)
    assert message in str(caught.value)


@settings(max_examples=25, deadline=None)
@given(file=closings, below=closings, own=repository_files)
def test_no_repositorys_file_opens_what_the_organisation_closed(
    file: dict[str, object], below: dict[str, object], own: dict[str, object]
) -> None:
    organisation = write({**file, "repositories": {"s*": below}})
    policy = effective(organisation, write(own))
    closed = {name for name in NAMES for one in (file, below) if "tasks" in one and name not in one["tasks"]}  # type: ignore[operator]
    for name in closed:
        assert not any(authorise(ADMIN, name, door, policy).allowed for door in DOORS)
        assert policy.level(name) is None
        assert policy.tasks[name] == default_policy(SETTINGS, SCHEMA).tasks[name]
    open_one = effective(organisation, write({"commands": OPEN}))
    assert policy.organisation == open_one.organisation, "what the owner says does not depend on the repository"
    for name in NAMES:
        allowed = authorise(ADMIN, name, "command", policy).allowed
        assert not allowed or authorise(ADMIN, name, "command", parse_policy(write(own), SETTINGS, SCHEMA)).allowed


@settings(max_examples=25, deadline=None)
@given(stage=st.sampled_from(["pilot", "paused"]), own=repository_files)
def test_no_repositorys_file_leaves_its_stage(stage: str, own: dict[str, object]) -> None:
    policy = effective(write({"stages": {stage: ["other" if stage == "pilot" else "shop"]}}), write(own))
    assert policy.stopped
    assert policy.tasks == default_policy(SETTINGS, SCHEMA).tasks, "nothing starts by itself"
    for name in (*NAMES, "approve", "retry", "ignore"):
        assert not any(authorise(ADMIN, name, door, policy).allowed for door in DOORS)


BUDGET = """\
budget:
  organisation: {month: 600, soft: {month: 400}}
  repositories: {"*": {day: 10}, "SHOP": {day: 30, month: 0.5}, other: {day: 1}}
  people: {"*": {day: 9}, "dependabot[bot]": {day: 0}}
"""


def test_a_budget_is_limits_that_say_who_raises_them() -> None:
    policy = effective(BUDGET)
    left = policy.organisation
    assert left is not None
    limits = {(one.key, one.period, one.strength): one for one in left.budget.list_limits("octo/shop", "mara")}
    assert {key: one.ceiling for key, one in limits.items()} == {
        ("repository:octo/shop", "day", "hard"): 10_000_000,
        ("repository:octo/shop", "month", "hard"): 500_000,
        ("person:mara", "day", "hard"): 9_000_000,
        ("organisation:octo", "month", "hard"): 600_000_000,
        ("organisation:octo", "month", "soft"): 400_000_000,
    }
    assert {(one.given_by, one.within) for one in limits.values() if one.scope == "person"} == {
        ("organisation", "octo")
    }
    (robots, *_) = [one for one in left.budget.list_limits("octo/shop", "dependabot[bot]") if one.scope == "person"]
    assert robots.ceiling == 0
    assert all(one.scope != "person" for one in left.budget.list_limits("octo/shop", ""))
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    (told,) = (row for row in list_values(policy) if row.key == "organisation.budget")
    assert (told.value["repository"]["day"], "people" in told.value) == (10, False)


@dataclass
class Owner:
    """An owner whose file can change, and a clock."""

    file: tuple[str | None, str] | None = None
    asked: int = 0
    now: float = 0.0

    async def read(self, repository: Repository, path: str) -> tuple[str | None, str] | None:
        return None

    async def read_owners(self, owner: str, installation: int) -> tuple[str | None, str] | None:
        self.asked += 1
        return self.file


async def test_the_file_is_read_once_a_minute_and_after_a_push() -> None:
    owner = Owner()
    files = OwnersFiles(owner, SCHEMA, clock=lambda: owner.now)
    for _ in range(3):
        assert (await files.govern(SHOP)).stage == "on", "a missing file changes nothing"
    assert owner.asked == 1
    owner.file = ("stages: {paused: [shop]}", "1")
    assert (await files.govern(SHOP)).stage == "on"
    files.forget("Octo", 2)
    assert (await files.govern(SHOP)).stage == "paused"
    owner.now = 61
    await files.govern(SHOP)
    assert owner.asked == 3


async def test_of_a_broken_file_the_last_good_one_holds_else_nothing_starts() -> None:
    owner = Owner(("stages: [", "1"))
    files = OwnersFiles(owner, SCHEMA, clock=lambda: owner.now)
    broken = await files.govern(SHOP)
    assert broken.stage == "unknown"
    assert "line 1" in broken.stopped
    owner.now, owner.file = 61, ("stages: {pilot: [shop]}", "2")
    assert (await files.govern(SHOP)).stage == "pilot"
    owner.now, owner.file = 122, ("stages: {pilot: shop}", "3")
    for owner.now in (122, 183):
        held = await files.govern(SHOP)
        assert (held.stage, held.stopped) == ("pilot", "")
        assert "line 1: stages.pilot" in held.problem
    owner.now, owner.file = 244, None
    assert (await files.govern(SHOP)).problem == ""


async def test_a_file_that_is_no_text_is_a_broken_one() -> None:
    owner = Owner((None, "1"))
    files = OwnersFiles(owner, SCHEMA, clock=lambda: owner.now)
    unread = await files.govern(SHOP)
    assert unread.stage == "unknown"
    assert "cannot be read: it has to be UTF-8 text" in unread.stopped
    owner.now, owner.file = 61, ("stages: {paused: [shop]}", "2")
    await files.govern(SHOP)
    owner.now, owner.file = 122, (None, "3")
    held = await files.govern(SHOP)
    assert (held.stage, "cannot be read" in held.problem) == ("paused", True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stages: {pilot: [shop, a]}", "stages: {on: [shop], pilot: [a]}"),
        ("stages: {pilot: [shop], on: [a]} # why", "stages: {pilot: [], on: [a, shop]} # why"),
        (
            "stages:\n  pilot:\n    - shop # first\n    - a # second\n  on: []\ntasks: [fix]\n",
            "stages:\n  pilot:\n    - a # second\n  on: [shop]\ntasks: [fix]\n",
        ),
        (
            "# ours\nstages:\n  on:\n  - b\n  pilot:\n  - a\n  - shop\n  # end\nkeep_days: 3\n",
            "# ours\nstages:\n  on:\n  - b\n  - shop\n  pilot:\n  - a\n  # end\nkeep_days: 3\n",
        ),
        ("stages:\n  pilot:\n    - Shop\n", "stages:\n  on: [shop]\n  pilot:\n    []\n"),
        ('stages: {pilot: ["s*"]}', 'stages: {on: [shop], pilot: ["s*"]}'),
    ],
)
def test_a_promotion_changes_one_name_and_nothing_else(text: str, expected: str) -> None:
    assert promote(text, "shop", NAMES) == expected


def test_only_what_is_in_the_pilot_is_promoted() -> None:
    for text, stage in (
        ("stages: {on: [shop]}", "on"),
        ("", "on"),
        ("stages: {paused: [shop], pilot: [shop]}", "paused"),
    ):
        with pytest.raises(NotInPilot, match=f"it is {stage}"):
            promote(text, "shop", NAMES)
