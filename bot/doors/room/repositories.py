"""Show repositories: what holds there and why, and an editor that says what an edit would have changed."""

from __future__ import annotations

import asyncio
import re
from typing import Literal

from pydantic import Field

from bot.doors.api.budgets import BudgetsQuery, list_budgets
from bot.doors.api.keys import KeysQuery, StoredKeys, StoredKeyView, list_keys
from bot.doors.api.operation import Sent
from bot.doors.api.policies import (
    EffectivePolicy,
    PolicyEdit,
    PolicyQuery,
    check_policy,
    propose_policy,
    read_policy,
    read_policy_file,
    rehearse_policy,
)
from bot.doors.api.problems import Problem
from bot.doors.api.repositories import RepositoryQuery, list_repositories, read_repository
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.rendering import PREFIX
from bot.doors.room.visit import Visit
from bot.policy.organisation import BY

pages = Pages("repositories")
_PLACE = "{owner:[A-Za-z0-9][A-Za-z0-9_-]{0,99}}/{name:[A-Za-z0-9._-]{1,100}}"
_LINE = re.compile(r"^line (\d+)")


class Edit(Sent):
    """The form of the editor."""

    text: str = Field(default="", max_length=70_000)
    act: Literal["check", "rehearse", "propose"]


@pages.add("GET", "/repositories", access="person", title="Repositories", place="work")
async def show_repositories(visit: Visit) -> Answer:
    """Show the repositories that a person sees."""
    return Shown("repositories.html", found=await visit.ask(list_repositories))


@pages.add("GET", f"/repositories/{_PLACE}", access="reader", title="Repository")
async def show_repository(visit: Visit) -> Answer:
    """Show what holds in a repository, and why."""
    name = _name_of(visit)
    # side by side: all of them ask for the policy, and share the one request to GitHub
    one, policy, budgets, keys = await asyncio.gather(
        visit.ask(read_repository, query=RepositoryQuery(repository=name)),
        visit.ask(read_policy, query=PolicyQuery(repository=name)),
        visit.ask(list_budgets, query=BudgetsQuery(repository=name)),
        _list_keys(visit, name),
    )
    return Shown(
        "repository.html",
        one=one,
        policy=policy,
        given={key.key.partition(".")[0] for key in policy.keys if _is_given(key.origin)},
        rows=_list_rows(policy, f"{one.url}/blob/{one.default_branch}/.github/forgehand.yml"),
        budgets=budgets.items,
        keys=keys,
    )


@pages.add("GET", f"/repositories/{_PLACE}/config", access="reader", title="Configuration")
async def show_editor(visit: Visit) -> Answer:
    """Show the policy's file to be edited."""
    file = await visit.ask(read_policy_file, query=PolicyQuery(repository=_name_of(visit)))
    return await _show_editor(visit, file.text)


@pages.add("POST", f"/repositories/{_PLACE}/config", access="writer", title="Configuration")
async def take_edit(visit: Visit) -> Answer:
    """Check an edited file, say what it would have changed, or propose it."""
    form = await visit.read_form(Edit)
    body = PolicyEdit(repository=_name_of(visit), text=form.text)
    if form.act == "check":
        return await _show_editor(visit, form.text, checked=await visit.ask(check_policy, body=body))
    if form.act == "rehearse":
        return await _show_editor(visit, form.text, rehearsal=await visit.ask(rehearse_policy, body=body))
    try:
        reply = await visit.ask(propose_policy, body=body)
    except Problem as problem:
        return await _show_editor(visit, form.text, problem=problem.message, status=problem.status)
    return Moved(f"{PREFIX}/repositories/{body.repository}", f"The pull request is open: {reply.body.url}")


async def _list_keys(visit: Visit, name: str) -> tuple[StoredKeyView, ...] | None:
    """List a repository's keys; None for others than its administrators."""
    if not visit.caller.administers and not visit.caller.seems(name, "admin"):
        return None
    try:
        found: StoredKeys = await visit.ask(list_keys, query=KeysQuery(repository=name))
    except Problem:
        return None
    return found.items


async def _show_editor(visit: Visit, text: str, *, status: int = 200, **told: object) -> Shown:
    name = _name_of(visit)
    values = {"checked": None, "rehearsal": None, "problem": "", **told}
    return Shown(
        "editor.html",
        status=status,
        name=name,
        text=text,
        home=f"{visit.context.services.settings.web_url}/{name}",
        policy=await visit.ask(read_policy, query=PolicyQuery(repository=name)),
        may_propose=visit.caller.holds("run"),
        **values,
    )


def _name_of(visit: Visit) -> str:
    return f"{visit.part('owner')}/{visit.part('name')}"


def _list_rows(policy: EffectivePolicy, url: str) -> list[tuple[str, list[tuple[str, object, str, str]]]]:
    """List sections with their keys: name, value, origin, address."""
    sections: dict[str, list[tuple[str, object, str, str]]] = {}
    for key in policy.keys:
        section, _, name = key.key.partition(".")
        line = _LINE.match(key.origin)
        link = f"{url}#L{line[1]}" if line else ""
        sections.setdefault(section, []).append((name or section, key.value, key.origin, link))
    return sorted(sections.items(), key=lambda item: not any(_is_given(row[2]) for row in item[1]))


def _is_given(origin: str) -> bool:
    """Return whether a file of the repository or its owner sets it."""
    return _LINE.match(origin) is not None or origin == BY
