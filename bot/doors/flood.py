"""Hold people and repositories to so many requests an hour on GitHub, and say so once."""

from __future__ import annotations

import math
from typing import NamedTuple

from bot.dispatch import replies
from bot.dispatch.authorise import record
from bot.github.resources.reply_targets import ReplyTarget
from bot.markdown import counted, duration
from bot.policy import Decision
from bot.rates import Allowance
from bot.types import Repository
from bot.work.origin import Principal
from bot.work.services import Services

_HOUR = 3600.0
_WRITER = 10  # times as much as somebody without write permission
_REPOSITORY = 20


class Place(NamedTuple):
    """Spot where somebody asks; ``key`` names the answer: it comes once."""

    repository: Repository
    spot: ReplyTarget
    delivery: str
    key: str


async def admits(
    services: Services, principal: Principal, place: Place, action: str, *, times: int = 1, mute: bool = False
) -> bool:
    """Return False where this is too much.

    It is audited, and told to a person once an hour, unless ``mute``; then there is silence.
    """
    reason = _refuse(services, principal, place.repository, times)
    if not reason:
        return True
    actor = principal.actor
    await record(services, place.delivery, place.repository, actor, action, Decision(False, reason))
    if not mute and actor.type != "Bot" and not services.rates.take(Allowance(f"flood told {actor.id}", 1, _HOUR)):
        await replies.say(services, place.repository, place.spot, place.key, reason)
    return False


def _refuse(services: Services, principal: Principal, repository: Repository, times: int) -> str:
    """Return why this is too much, "" where it is not; then it counts."""
    most = services.settings.commands_an_hour
    actor = principal.actor
    writes = principal.role is not None and principal.role.at_least("write")
    trusted = writes or principal.vouched or actor.login in services.settings.trusted_bots
    person = Allowance(f"flood person {actor.id}", most * _WRITER if trusted else most, _HOUR)
    place = Allowance(f"flood repository {repository.id}", most * _REPOSITORY, _HOUR)
    wait = services.rates.take(person, place, times=times)
    if not wait:
        return ""
    full, who = person, f"from {actor.login}"
    if services.rates.find_wait(place, times):
        full, who = place, "in this repository"
    return (
        f"I take {counted(full.most, 'request')} an hour {who}. Try again in {duration(math.ceil(wait))}; until "
        "then I answer nothing more."
    )
