"""React and answer where somebody asked."""

from __future__ import annotations

from contextlib import suppress

from bot import metrics
from bot.github.api.errors import NotFound
from bot.github.resources import reply_targets
from bot.github.resources.issues import Reaction
from bot.github.resources.reply_targets import ReplyTarget
from bot.github.text.markers import Marker
from bot.types import Repository
from bot.work.locked import unless_locked
from bot.work.services import Services


async def react(services: Services, repository: Repository, spot: ReplyTarget, content: Reaction) -> None:
    """Add one reaction to the text itself, unless it was deleted meanwhile."""
    github = await services.github.for_repository(repository, spot.permissions)
    with suppress(NotFound), unless_locked("react"):
        await reply_targets.react(github, repository, spot, content)
        metrics.note_sign()


async def say(
    services: Services, repository: Repository, spot: ReplyTarget, key: str, text: str, part: str = "answer"
) -> int | None:
    """Answer once per ``key``; return the answer's id, None if it is locked."""
    github = await services.github.for_repository(repository, spot.permissions)
    marker = Marker(task=key, part=part)
    bot = await services.github.bot()
    with unless_locked("answer"):
        body = services.outgoing(text)
        answer = await reply_targets.answer(github, repository, spot, body, marker=marker, bot_id=bot.id)
        metrics.note_sign()
        return answer
    return None
