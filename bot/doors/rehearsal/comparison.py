"""Play what happened under the policy of now and under another one, and tell the difference."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from bot.doors.handlers import Handlers
from bot.doors.labels import label_of
from bot.doors.rehearsal.history import Past, Wanted, load_history
from bot.doors.rehearsal.stage import OnePolicy, Stage, Verdict, set_stage
from bot.github.api.client import Client, within
from bot.github.api.scopes import READ
from bot.policy import PATH, DefaultBranch, Policy
from bot.pulls.rules import ReviewRules
from bot.types import Repository
from bot.work.services import Services

SUBJECTS = 20
_FILES = 100
_REVIEW = ReviewRules.section


class Occurrence(NamedTuple):
    """Past event with its verdicts; ``notes`` tell more about ``then``."""

    past: Past
    now: Verdict
    then: Verdict
    notes: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Return whether anything would have been different."""
        return self.now != self.then or bool(self.notes)


class Comparison(NamedTuple):
    """Every occurrence, both policies, and the requests to GitHub."""

    occurrences: tuple[Occurrence, ...]
    now: Policy
    then: Policy
    requests: int


async def compare(services: Services, handlers: Handlers, repository: Repository, text: str) -> Comparison:
    """Play what happened under a text in place of the policy's file.

    The text has been checked. Nothing is started and nothing written; GitHub is asked for what happened, for the roles
    of those who did it, and for the files of pull requests whose reading would change.
    """
    branch = DefaultBranch(services.github)
    present = await branch.read(repository, PATH)
    owners = await branch.read_owners(repository.owner, repository.installation)
    async with (
        set_stage(services, handlers, OnePolicy(present, owners)) as now,
        set_stage(services, handlers, OnePolicy((text, "edited"), owners)) as then,
    ):
        before, after = await now.load_policy(repository), await then.load_policy(repository)
        client = await now.services.github.for_repository(repository, READ)
        wanted = await _find_wanted(now, handlers, (before, after))
        history = await load_history(client, repository, wanted, SUBJECTS)
        played = [await _play(now, then, past) for past in history]
        told = [await _note(client, repository, one, before, after) for one in played]
        requests = now.counter.reads + then.counter.reads + 2
    return Comparison(tuple(told), before, after, requests)


async def _find_wanted(stage: Stage, handlers: Handlers, policies: Sequence[Policy]) -> Wanted:
    bot = await stage.services.github.bot()
    specs = [spec for spec in handlers.registry if spec.doors.label]
    names = {label_of(spec, policy) for spec in specs for policy in policies}
    return Wanted(handlers.commands, bot.login.removesuffix("[bot]"), names - {""})


async def _play(now: Stage, then: Stage, past: Past) -> Occurrence:
    return Occurrence(past, *await asyncio.gather(now.play(past.event), then.play(past.event)), ())


async def _note(client: Client, repository: Repository, one: Occurrence, before: Policy, after: Policy) -> Occurrence:
    """Tell which files a review would read no more, or anew."""
    ignored = (before.rules(ReviewRules).ignore, after.rules(ReviewRules).ignore)
    if _REVIEW not in one.then.started or ignored[0] == ignored[1] or not one.past.is_pull:
        return one
    url = "/repos/{owner}/{repo}/pulls/{number}/files{?per_page}"
    files: list[Any] = await client.get(url, within(repository, number=one.past.number, per_page=_FILES))
    paths = [str(file.get("filename") or "") for file in files]
    return one._replace(notes=tuple(_compare_reading(paths, before.rules(ReviewRules), after.rules(ReviewRules))))


def _compare_reading(paths: Sequence[str], before: ReviewRules, after: ReviewRules) -> list[str]:
    """Say in sentences which of the changed files are read otherwise."""
    left = [path for path in paths if after.ignores(path) and not before.ignores(path)]
    new = [path for path in paths if before.ignores(path) and not after.ignores(path)]
    notes = []
    if paths and all(after.ignores(path) for path in paths) and left:
        notes.append(f"The review would read nothing: `review.ignore` leaves out all {len(paths)} changed files.")
    elif left:
        notes.append(f"The review would leave out {_list(left)} (`review.ignore`).")
    if new:
        notes.append(f"The review would read {_list(new)} too.")
    return notes


def _list(paths: Sequence[str]) -> str:
    shown = ", ".join(f"`{path}`" for path in paths[:5])
    return shown + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
