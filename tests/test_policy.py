"""A repository's rules: what they say, what they may not exceed, and errors that name line and key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.github.resources.permissions import Role
from bot.models.catalogue import Catalogue
from bot.policy import PATH, Policy, PolicyError, PolicyLoader, default_policy, describe, may, parse_policy
from bot.pulls.rules import ReviewRules
from bot.settings import BudgetSettings, Settings
from bot.types import Actor, Repository
from handlers import TASKS
from handlers.fix.rules import FixRules

DESIGN = """\
# the example of the documentation
fix:      { label: ai-bug-fix, unverified: off, max_dollars: 9 }
review:
  on: [opened, ready_for_review]
  inline: 3
  ignore: ["dist/**"]
  instructions: { "api/**": "Public API: flag breaking changes." }
commands: { write: [fix, revise, review], read: [ask, help] }
checks:   { setup: "pip install -e .[test]", test: "pytest -q {tests}", results: junit, minutes: 20 }
models:   { fix: [big, small] }
limits:   { dollars_per_day: 4 }
protected: [infra/*]
"""
SCHEMA = TASKS.schema
REPOSITORY = Repository(id=1, owner="octo", name="sample", installation=2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, roles={"fix": ["big", "small"]}, budget=BudgetSettings(task=5, day=50))


def test_the_documented_example(settings: Settings) -> None:
    policy = parse_policy(DESIGN, settings, SCHEMA)
    assert policy.rules(FixRules).unverified == "off"
    assert policy.rules(FixRules).max_dollars == 5, "the server's ceiling"
    assert policy.limits.dollars_per_day == 4, "the repository's is lower"
    assert policy.rules(ReviewRules).on == ("opened", "ready_for_review")
    assert policy.checks.minutes == 20
    assert policy.models == {"fix": ["big", "small"]}
    assert (policy.level("fix"), policy.level("ask"), policy.level("describe")) == ("write", "read", None)
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def testdescribe_tells_every_value_and_its_origin(settings: Settings) -> None:
    told = describe(parse_policy(DESIGN, settings, SCHEMA), SCHEMA, "api/v1/users.py")
    rows = {line.split()[0]: line for line in told.splitlines() if "  # " in line}
    assert rows["fix.max_dollars"].endswith("5.0  # the server's ceiling; asked for 9")
    assert rows["review.inline"].endswith("3  # line 5")
    assert rows["review.forks"].endswith("false  # default")
    assert rows["models.fix"].endswith("# line 10")
    assert {"protected", "checks.test", "limits.dollars_per_day", "commands.read"} <= rows.keys()
    assert "instruction: Public API: flag breaking changes." in told
    assert "reviewed: no" in describe(parse_policy(DESIGN, settings, SCHEMA), SCHEMA, "dist/app.js")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fix:\n  labell: x", "line 2: fix.labell: unknown key; known here: max_dollars, label, unverified"),
        ("\nnope: 1", "line 2: nope: unknown key"),
        ("fix: {max_dollars: two}", "line 1: fix.max_dollars: must be a number"),
        ("fix: {rerank: yes}", "line 1: fix.rerank: must be true or false"),
        ("fix: {label: [a]}", "line 1: fix.label: must be text"),
        ("fix: {label: ''}", "line 1: fix.label: must not be empty"),
        ("fix:", "line 1: fix: must hold keys and values"),
        ("review: {on: opened}", "line 1: review.on: must be a list, such as [a, b]"),
        ("review: {instructions: [x]}", "line 1: review.instructions: must hold keys and values"),
        ("review: {inline: 1.5}", "line 1: review.inline: must be a whole number"),
        ("review:\n  analysers:\n    mine: {}", "line 3: review.analysers.mine: `command` is missing"),
        (
            "review: {analysers: {My Own: {command: a}}}",
            "line 1: review.analysers.My Own: no name of an analyser: small",
        ),
        (
            "incidents: {services: {api: {helth: x}}}",
            "incidents.services.api.helth: unknown key; known here: environment",
        ),
        ("rollback: {environments: {prod: {way: [workflow]}}}", "environments.prod.way: unknown key; known here: ways"),
        (
            "rollback: {environments: {prod: {ways: [workflow]}}}",
            "environments.prod: a way needs `workflow` beside `ways`",
        ),
        ("rollback: {environments: {prod: {ways: [webhook]}}}", "a way needs `webhook` and `source` beside `ways`"),
        ("models: {fix: big}", "line 1: models.fix: must be a list"),
        ("publish: {prefix: a b}", "line 1: publish.prefix: not the beginning of a branch's name; it must look like"),
        ("fix: {max_dollars: -1}", "line 1: fix.max_dollars: "),
        ("fix: {max_dollars: .inf}", "line 1: fix.max_dollars: "),
        ("fix:\n  max_dollars: true", "line 2: fix.max_dollars: "),
        ("review:\n  on:\n    - opened\n    - pushed", "line 4: review.on.1: "),
        ("models:\n  fix: [big, evil]", "line 2: models.fix.1: evil is not offered by this server; offered: "),
        ("models: {boss: [big]}", "line 1: models.boss"),
        ("commands: {read: [fix]}", "line 1: commands.read.0: "),
        ("fix: {label: a}\nfix: {label: b}", "line 2: fix: given twice"),
        (
            "checks:\n  folders:\n    web: {test: a, tset: b}",
            "line 3: checks.folders.web.tset: unknown key; known here: setup, test",
        ),
        ("checks:\n  folders:\n    web: {setup: a}", "line 2: checks.folders: web needs `test`"),
        ("checks: {folders: {../web: {test: a}}}", "line 1: checks.folders.../web: not a folder below"),
        ("checks: {minutes: 0}", "line 1: checks.minutes: "),
        ("fix: [", "line 1: "),
        ("- fix", "must be a mapping"),
        ("fix: &a {label: x}\nreview: *a", "aliases are not allowed"),
        ("!!python/object/apply:os.system ['true']", "must be a mapping"),
        ("[" * 30_000, "line 1: nested deeper than 50"),
        ("#" * 70_000, "larger than 64 KiB"),
        ("fix: {max_dollars: !!int nope}", "not valid YAML"),
    ],
)
def test_errors_name_line_and_key(settings: Settings, text: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, settings, SCHEMA)
    assert message in str(caught.value)


def test_all_errors_are_told_at_once(settings: Settings) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy("fix:\n  x: 1\nreview:\n  inline: 99\nlimits:\n  dollars_per_day: no", settings, SCHEMA)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()[1:]] == ["line 2", "line 4", "line 6"]


def test_a_folder_has_checks_of_its_own(settings: Settings) -> None:
    own = "web: {setup: npm ci, test: npm test}\n    web/admin: {test: make, minutes: 1}"
    text = f"checks:\n  minutes: 3\n  folders:\n    {own}"
    policy = parse_policy(text, settings, SCHEMA)
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    for path, told in {
        "web/admin/a.js": "tested: by `make`, 1 minutes at most (checks.folders: web/admin)",
        "web/a.js": "tested: by `npm test`, 10 minutes at most (checks.folders: web)",
        "webs/a.js": "tested: by what is found by looking, 3 minutes at most (checks)",
    }.items():
        assert f"  {told}" in describe(policy, SCHEMA, path).splitlines()


@pytest.mark.parametrize("text", ["", "# nothing", "fix:", "fix: {}"])
def test_saying_nothing_means_thedefault_policys(settings: Settings, text: str) -> None:
    if text == "fix:":
        with pytest.raises(PolicyError, match="line 1: fix: "):
            parse_policy(text, settings, SCHEMA)
    else:
        assert parse_policy(text, settings, SCHEMA).tasks == default_policy(settings, SCHEMA).tasks


ROLES = ["none", "read", "triage", "write", "maintain", "admin"]


@pytest.mark.parametrize(("held", "needed"), list(product(ROLES, ROLES[1:])))
def test_people_may_what_their_role_includes(held: str, needed: str) -> None:
    base = {"maintain": "write", "triage": "read"}.get(held, held)
    decision = may(Actor(login="ann", id=1), Role(name=held, base=base), needed, [])  # type: ignore[arg-type]
    assert decision.allowed == (ROLES.index(held) >= ROLES.index(needed))
    assert "@ann" in decision.reason
    assert needed in decision.reason


def test_bots_strangers_and_custom_roles() -> None:
    admin, robot = Role(name="admin", base="admin"), Actor(login="renovate[bot]", id=2, type="Bot")
    assert not may(robot, admin, "write", ["dependabot"]).allowed
    assert may(robot, None, "write", ["Renovate[bot]"]).allowed
    assert not may(Actor(login="x[bot]", id=3, type="User"), admin, "read", []).allowed
    assert not may(Actor(login="octo", id=4, type="Organization"), admin, "read", []).allowed
    assert not may(Actor(login="ann", id=1), None, "read", []).allowed
    assert may(Actor(login="ann", id=1), Role(name="release captain", base="write"), "write", []).allowed
    assert not may(Actor(login="ann", id=1), Role(name="admin-in-name", base="read"), "write", []).allowed


@dataclass
class Branch:
    """A default branch that can change."""

    file: tuple[str, str] | None = None
    reads: list[str] = field(default_factory=list)
    owners: tuple[str, str] | None = None
    asked: int = 0
    answers: asyncio.Event | None = None  # GitHub answers, with what it read before, when this is set

    async def read(self, repository: Repository, path: str) -> tuple[str, str] | None:
        self.reads.append(path)
        file = self.file
        if self.answers is not None:
            await self.answers.wait()
        return file

    async def read_owners(self, owner: str, installation: int) -> tuple[str, str] | None:
        self.asked += 1
        return self.owners


async def test_all_who_ask_at_once_share_one_reading(settings: Settings) -> None:
    branch = Branch()
    loader = PolicyLoader(branch, settings, SCHEMA)
    await asyncio.gather(*(loader.load(REPOSITORY) for _ in range(5)))
    assert len(branch.reads) == 1
    branch.file = ("fix: {label: bug}", "sha-1")
    assert (await loader.load(REPOSITORY)).rules(FixRules).label == "bug"


async def test_lists_believe_a_file_for_a_minute(settings: Settings) -> None:
    branch, now = Branch(), [0.0]
    loader = PolicyLoader(branch, settings, SCHEMA, lambda: now[0])
    assert (await loader.load_recent(REPOSITORY))[0].rules(FixRules).label == "ai-bug-fix"
    branch.file, now[0] = ("fix: {label: bug}", "sha-1"), 59.0
    assert (await loader.load_recent(REPOSITORY))[0].rules(FixRules).label == "ai-bug-fix"
    now[0] = 60.0
    assert (await loader.load_recent(REPOSITORY))[0].rules(FixRules).label == "bug"
    branch.file = ("fix: {lable: bug}", "sha-2")
    assert (await loader.load_or_default(REPOSITORY))[1] is not None
    policy, fault = await loader.load_recent(REPOSITORY)
    assert (policy.rules(FixRules).label, fault is None, len(branch.reads)) == ("ai-bug-fix", False, 3)


async def test_a_push_ends_the_belief_and_an_event_reads_once(settings: Settings) -> None:
    branch, now = Branch(), [0.0]
    loader = PolicyLoader(branch, settings, SCHEMA, lambda: now[0])
    await loader.load_recent(REPOSITORY)
    branch.file, now[0] = ("fix: {label: bug}", "sha-1"), 5.0
    loader.forget(REPOSITORY)
    now[0] = 6.0
    assert (await loader.load_recent(REPOSITORY))[0].rules(FixRules).label == "bug"
    branch.file = ("fix: {label: other}", "sha-2")
    for since, label in ((5.9, "bug"), (6.1, "other")):  # read after that moment, and before it
        assert (await loader.load(REPOSITORY, since=since)).rules(FixRules).label == label
    assert len(branch.reads) == 3


async def test_what_was_asked_before_a_push_is_not_believed_after_it(settings: Settings) -> None:
    branch, now = Branch(answers=asyncio.Event()), [0.0]
    loader = PolicyLoader(branch, settings, SCHEMA, lambda: now[0])
    asked = [asyncio.create_task(loader.load_recent(REPOSITORY))]
    while not branch.reads:
        await asyncio.sleep(0)
    now[0], branch.file = 1.0, ("fix: {label: bug}", "sha-1")
    loader.forget(REPOSITORY)
    now[0] = 2.0
    asked.append(asyncio.create_task(loader.load_recent(REPOSITORY)))
    for _ in range(9):  # it joins the request
        await asyncio.sleep(0)
    assert branch.answers is not None
    branch.answers.set()
    await asyncio.gather(*asked)
    assert (await loader.load_recent(REPOSITORY))[0].rules(FixRules).label == "bug"


async def test_an_owners_file_holds_for_a_policy_that_is_believed(settings: Settings) -> None:
    branch, now = Branch(), [0.0]
    loader = PolicyLoader(branch, settings, SCHEMA, lambda: now[0])
    assert (await loader.load_recent(REPOSITORY))[0].rules(FixRules).label == "ai-bug-fix"
    branch.owners = ("keep_days: 3\n", "sha-1")
    loader.owners.forget(REPOSITORY.owner, REPOSITORY.installation)
    now[0] = 1.0
    policy, _ = await loader.load_recent(REPOSITORY)
    assert policy.organisation.keep_days == 3


async def test_a_key_that_is_kept_brings_models(tmp_path: Path) -> None:
    """It is in no setting, and may be added at any time."""
    settings = Settings(data_dir=tmp_path, openai_api_key=SecretStr("sk-0123456789"))
    catalogue, branch = Catalogue(settings), Branch()
    branch.file = ("models: {fix: [claude-opus-5-5]}", "sha-1")
    loader = PolicyLoader(branch, settings, SCHEMA, catalogue=catalogue)
    with pytest.raises(PolicyError, match="claude-opus-5-5 is not offered by this server; offered: gpt"):
        await loader.load(REPOSITORY)
    catalogue.keyed = frozenset({"anthropic"})
    assert (await loader.load(REPOSITORY)).models == {"fix": ["claude-opus-5-5"]}


async def test_loader_follows_the_branch(settings: Settings) -> None:
    branch = Branch()
    loader = PolicyLoader(branch, settings, SCHEMA)
    assert (await loader.load(REPOSITORY)).rules(FixRules).label == "ai-bug-fix"
    branch.file = ("fix: {label: bug}", "sha-1")
    first = await loader.load(REPOSITORY)
    assert (first.rules(FixRules).label, await loader.load(REPOSITORY) is first) == ("bug", True)
    branch.file = ("fix: {lable: bug}", "sha-2")
    for _ in range(2):
        with pytest.raises(PolicyError, match=r"line 1: fix\.lable"):
            await loader.load(REPOSITORY)
    branch.file = None
    assert (await loader.load(REPOSITORY)).rules(FixRules).label == "ai-bug-fix"
    assert set(branch.reads) == {PATH}
