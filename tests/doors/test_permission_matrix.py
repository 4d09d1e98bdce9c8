"""Every command, typed by every role in every place: what the policy says is what happens, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.doors.comments.commands import Command, Place
from bot.doors.comments.listener import MAX_COMMANDS
from bot.github.resources.permissions import Role
from bot.policy import parse_policy
from bot.policy.permission import Level
from bot.settings import Settings
from handlers import HANDLERS
from simhub.model import Account
from tests.doors.test_commands import handled
from tests.e2e.conftest import SAMPLE
from tests.e2e.scenes import POLICY, put, rows
from tests.support.story import Story
from tests.support.typing import Written, comment, on_line, reactions, review
from tests.support.within import within

COMMANDS = HANDLERS.commands
QUIET = "review: { on: [] }\n"
POLICIES = {
    "default": QUIET,
    "narrow": QUIET + "commands: { write: [fix, review, cancel], read: [ask, help] }\n",
}
ROLES = ("none", "read", "triage", "write", "maintain", "admin")
PLACES: dict[str, Place] = {
    "comment on an issue": "issue",
    "body of an issue": "issue",
    "comment on a pull request": "pull",
    "body of a pull request": "pull",
    "body of a review": "pull",
    "comment on a line": "thread",
}


def texts() -> Iterator[tuple[str, list[Command]]]:
    """All commands, as many in one text as are taken from one."""
    for some in (list(COMMANDS.values())[n : n + MAX_COMMANDS] for n in range(0, len(COMMANDS), MAX_COMMANDS)):
        lines = (f"/{each.name} {'why' if each.arguments.required else ''}".strip() for each in some)
        yield "\n".join(lines), some


async def write(story: Story, where: str, text: str, by: Account, targets: dict[str, Any]) -> Written:
    """The text in that place, by that person."""
    if where == "comment on an issue":
        return await comment(story, targets["issue"], text, by)
    if where == "comment on a pull request":
        return await comment(story, targets["pull"], text, by)
    if where == "comment on a line":
        return await on_line(story, targets["pull"], "basket/new.py", 1, text, by)
    if where == "body of a review":
        return await review(story, targets["pull"], text, by)
    if where == "body of an issue":
        number = await story.file("A", text, label=None, by=by)
    else:
        branch = f"{by.login}-{text.split()[0][1:]}"
        await story.request("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": targets["head"]})
        made = {"title": "P", "head": branch, "base": "main", "body": text}
        number = int((await story.request("POST", "/pulls", made, by=by))["number"])
    return Written(number, 0, f"/issues/{number}/reactions", f"/issues/{number}/comments")


async def targets_in(story: Story) -> dict[str, Any]:
    """An open issue and an open pull request with a new file."""
    head = await story.request("GET", "/git/ref/heads/main")
    await story.request("POST", "/git/refs", {"ref": "refs/heads/topic", "sha": head["object"]["sha"]})
    data = {"message": "New", "content": "eCA9IDEK", "branch": "topic"}
    made = await story.request("PUT", "/contents/basket/new.py", data)
    pull = await story.request("POST", "/pulls", {"title": "P", "head": "topic", "base": "main", "body": ""})
    number = await story.file("A", "B", label=None)
    return {"issue": number, "pull": int(pull["number"]), "head": made["commit"]["sha"]}


@pytest.mark.parametrize(("name", "places"), [("default", tuple(PLACES)), ("narrow", tuple(PLACES)[::5])])
async def test_every_cell(tmp_path: Path, name: str, places: tuple[str, ...]) -> None:
    policy, cells = parse_policy(POLICIES[name], Settings(), HANDLERS.registry.schema), 0
    async with within(tmp_path, SAMPLE, commands_an_hour=1000) as story:
        await put(story, POLICY, POLICIES[name])
        targets = await targets_in(story)
        for role in ROLES:
            # To GitHub everybody may read what is public, whatever role they were given.
            held = Role(name="read" if role == "none" else role, base="read")
            levels = {each: policy.level(each) for each in COMMANDS}
            may = {each: level is not None and held.at_least(level) for each, level in levels.items()}
            for where in places:
                cells += await check(story, role, where, targets, levels, may)
    assert cells == len(COMMANDS) * len(ROLES) * len(places)


async def check(
    story: Story, role: str, where: str, targets: dict[str, Any], levels: dict[str, Level | None], may: dict[str, bool]
) -> int:
    """One role in one place, all commands; how many there were."""
    by = story.hub.create_user(f"{role}-{len(story.hub.world.accounts)}")
    story.hub.set_permission(story.repository, by.login, role)
    written = [(await write(story, where, text, by, targets), some) for text, some in texts()]
    await handled(story)
    found = rows(story, "select action, allowed from fh_audit where actor = ?", by.login)
    assert sorted(found) == sorted((f"/{name}", int(allowed)) for name, allowed in may.items()), (role, where)
    begun = rows(story, "select flow from fh_task where actor = ?", by.login)
    works = [each for each in COMMANDS.values() if may[each.name] and PLACES[where] in each.places and not each.quick]
    assert works or not begun, (role, where, begun)
    for each, some in written:
        runs = any(may[one.name] and PLACES[where] in one.places for one in some)
        meant = any(levels[one.name] for one in some)  # what is switched off may be another bot's
        expected = ["eyes" if runs else "confused"] if meant else []
        assert await reactions(story, each) == expected, (role, where, some)
    return len(found)


def test_the_narrow_policy_is_one_that_matters() -> None:
    levels = {parse_policy(POLICIES["narrow"], Settings(), HANDLERS.registry.schema).level(name) for name in COMMANDS}
    assert levels == {None, "read", "write"}
