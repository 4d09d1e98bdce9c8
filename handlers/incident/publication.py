"""Keep an incident's one issue up to date, and say there when its state changes."""

from __future__ import annotations

import hashlib
from functools import partial

import structlog

from bot.github.api.errors import Gone, NotFound, Transferred
from bot.github.api.scopes import COMMENT
from bot.github.resources import issues
from bot.github.text.markers import Marker
from bot.github.text.outgoing import outgoing_line
from bot.incidents.records import IncidentTask
from bot.incidents.story import IncidentStory, load_story
from bot.store import incidents
from bot.store.database import now_ms
from bot.store.incidents import Incident, IncidentEvent
from bot.work.locked import unless_locked
from bot.work.services import Services
from handlers.incident.words import write_body, write_change, write_title

_MOST_COMMENTS = 50
log = structlog.get_logger(__name__)


async def publish(services: Services, request: IncidentTask) -> int | None:
    """Make or update the issue; return its number, if there is to be one."""
    story = await services.store.run(partial(load_story, incident_id=request.input.incident, now=now_ms()))
    if story is None or not _is_shown(story.incident):
        return None
    try:
        return await _publish(services, story)
    except (NotFound, Gone, Transferred) as error:
        log.warning("an incident's issue is gone", incident=story.incident.id, reason=str(error))
        await services.store.run(partial(incidents.merge_data, incident_id=story.incident.id, values={"gone": True}))
        return None


def _is_shown(one: Incident) -> bool:
    """Return whether people are told in an issue.

    What a public repository's issue said of a vulnerability, everybody would read before it is closed.
    """
    if one.data.get("gone") or (one.number is None and "merged" in one.data):
        return False
    return one.kind != "security" or one.place.private


async def _publish(services: Services, story: IncidentStory) -> int:
    one = story.incident
    github = await services.github.for_repository(one.place, COMMENT)
    marker = Marker(task=f"incident:{one.id}", part="incident")
    title = outgoing_line(write_title(one), secrets=services.settings.secrets)
    body = services.outgoing(write_body(story))
    number = one.number
    if number is None:
        bot = await services.github.bot()
        number = await issues.ensure_issue(github, one.place, title, body, marker=marker, bot=bot)
        await services.store.run(partial(incidents.change, incident_id=one.id, values={"number": number}))
    state = "closed" if one.closed is not None else "open"
    shown = hashlib.sha256(f"{title}\n{state}\n{body}".encode()).hexdigest()
    if shown != one.data.get("shown"):
        # The comment that says why comes first: a closed issue's last word is its end.
        await _tell_changes(services, story, number)
        await issues.update_issue(github, one.place, number, {"body": body, "state": state}, marker=marker)
        await services.store.run(partial(incidents.merge_data, incident_id=one.id, values={"shown": shown}))
    return number


async def _tell_changes(services: Services, story: IncidentStory, number: int) -> None:
    """Comment on the changes of state that nobody was told of."""
    one = story.incident
    told = int(one.data.get("told", 0))
    changes = [event for event in story.events if event.kind == "state" and event.id > told]
    posted = int(one.data.get("comments", 0))
    for event in changes[: max(0, _MOST_COMMENTS - posted)]:
        if _is_worth(event):
            await _comment(services, story, event, number)
            posted += 1
    if changes:
        values = {"told": changes[-1].id, "comments": posted}
        await services.store.run(partial(incidents.merge_data, incident_id=one.id, values=values))


def _is_worth(event: IncidentEvent) -> bool:
    """Return whether people want to know: tasks have comments of their own."""
    return event.data.get("to") in {"closed", "watching", "open"}


async def _comment(services: Services, story: IncidentStory, event: IncidentEvent, number: int) -> None:
    one = story.incident
    github = await services.github.for_repository(one.place, COMMENT)
    bot = await services.github.bot()
    marker = Marker(task=f"incident:{one.id}", part=f"state-{event.id}")
    body = services.outgoing(write_change(story, event))
    with unless_locked("tell an incident's change"):
        await issues.ensure_comment(github, one.place, number, body, marker=marker, bot_id=bot.id)
