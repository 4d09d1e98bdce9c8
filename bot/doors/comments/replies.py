"""The first sign and the answer, where somebody typed a command."""

from __future__ import annotations

from contextlib import suppress

from bot.doors.comments.commands import Invocation
from bot.github.api.errors import NotFound
from bot.github.resources import reply_targets
from bot.github.resources.issues import Reaction
from bot.github.resources.reply_targets import ReplyTarget
from bot.github.text.markers import Marker
from bot.types import Repository
from bot.work.locked import unless_locked
from bot.work.services import Services


async def react(services: Services, repository: Repository, spot: ReplyTarget, content: Reaction) -> None:
    """One reaction on the very text, unless that was deleted meanwhile."""
    github = await services.github.for_repository(repository, spot.permissions)
    with suppress(NotFound), unless_locked("react"):
        await reply_targets.react(github, repository, spot, content)


async def say(services: Services, repository: Repository, spot: ReplyTarget, key: str, text: str) -> None:
    """One answer for each ``key``, in the thread if there is one, however often the delivery is handled."""
    github = await services.github.for_repository(repository, spot.permissions)
    marker, bot = Marker(task=key, part="answer"), await services.github.bot()
    with unless_locked("answer"):
        await reply_targets.answer(github, repository, spot, services.outgoing(text), marker=marker, bot_id=bot.id)


async def reply(services: Services, invocation: Invocation, text: str) -> None:
    """The answer to a command."""
    await say(services, invocation.repository, invocation.spot, invocation.key, text)
