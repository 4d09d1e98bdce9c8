"""Propose to move a repository from the pilot to ``on``, with what the pilot has shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from bot.doors.operating import opened_app, opened_store
from bot.doors.proposing import Proposal, propose
from bot.github.api.access import GitHubs
from bot.github.api.scopes import PUSH
from bot.github.resources import repos
from bot.markdown import table
from bot.policy.promotion import NotInPilot, promote
from bot.policy.sections import FILE, PATH, REPOSITORY
from bot.settings import Settings
from bot.store import acceptance
from bot.store.acceptance import Acceptance
from bot.store.writes import WriteJournal
from bot.types import Repository


async def open_promotion(settings: Settings, full_name: str, tasks: Collection[str]) -> str:
    """Open the pull request in the owner's ``.github``; return its address.

    Asked again, it returns the one that is there. Raises :class:`NotInPilot`, PolicyError and what GitHub raises.
    """
    owner, _, name = full_name.partition("/")
    with opened_store(settings) as store:
        measured = store.run_sync(acceptance.measure, full_name)
        async with opened_app(settings, WriteJournal(store)) as github:
            place = await github.find_repository(f"{owner}/{REPOSITORY}")
            if place is None:
                raise NotInPilot(f"The App is not installed on {owner}/{REPOSITORY}, so there is no pilot to leave.")
            return await _propose(github, place, name, tasks, _tell(full_name, measured))


async def _propose(github: GitHubs, place: Repository, name: str, tasks: Collection[str], body: str) -> str:
    client = await github.for_repository(place, PUSH)
    file = await repos.find_file(client, place, PATH, "HEAD")
    if file is None or file.text is None:
        raise NotInPilot(f"{place.full_name} has no {PATH} that can be read, so there is no pilot to leave.")
    text = promote(file.text, name, tasks)
    title = f"Move {name} from the pilot to on"
    return await propose(github, place, Proposal(PATH, text, f"forgehand/promote-{name}", title, body))


def _tell(full_name: str, measured: Sequence[Acceptance]) -> str:
    """Write what became of the pilot's pull requests, by stored outcomes."""
    intro = f"This moves `{full_name}` to `stages.on` in `{FILE}`. Nothing else in the file changes."
    if not measured:
        return f"{intro}\n\nNo pull request of the pilot has ended yet, so nothing about its acceptance is known."
    rows = [[one.flow, *map(str, (one.total, one.merged, one.edited, one.closed, one.reverted))] for one in measured]
    ended = sum(one.total for one in measured)
    taken = sum(one.merged + one.edited for one in measured)
    since = datetime.fromtimestamp(min(one.first for one in measured) / 1000, UTC).date()
    head = ["task", "ended", "merged as made", "merged after edits", "closed", "reverted"]
    share = f"**Acceptance: {taken} of {ended} pull requests ({taken / ended:.0%})**"
    told = f"{share} were merged and not reverted, since {since} (UTC), by what the server has stored."
    return f"{intro}\n\n{told}\n\n{table(head, rows)}"
