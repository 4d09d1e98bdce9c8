"""Settle findings when their pull request is merged."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.dispatch.start import begin
from bot.doors.webhook.parts import read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.store import findings
from bot.work.origin import Origin, Principal, Subject
from bot.work.services import Services
from handlers.settle.task import TASK, SettleInput, SettleTask

router: Router[Services] = Router()


@router.on("pull_request", "closed")
async def settle_merged(event: Event, services: Services) -> None:
    """Start the task, if findings are still open or folded."""
    pull = read_part(event.payload, "pull_request")
    repository = event.repository()
    number = event.number
    sender = event.sender()
    head = read_text(read_part(pull, "head"), "sha")
    author = read_text(read_part(pull, "user"), "login")
    if not pull.get("merged") or repository is None or number is None or sender is None:
        return
    if not head or not author:
        return
    if await services.store.read(findings.has_any, repository, number, findings.UNSETTLED):
        origin = Origin(
            door="event",
            principal=Principal(kind="self", actor=sender, vouched="We settle what we said; nothing is written there."),
            key=f"{repository.id}#{number} merged {head}",
            at=datetime.now(UTC).isoformat(),
            delivery=event.guid,
            head_sha=head,
            cause="merged",
        )
        subject = Subject(kind="pull", number=number)
        settlement = SettleInput(head_sha=head, author=author)
        await begin(services, TASK, SettleTask(repository=repository, subject=subject, origin=origin, input=settlement))
