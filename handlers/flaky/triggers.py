"""Renew the report once a week, with the week's first checks or closed pull request, where the policy wants it."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.dispatch.start import begin
from bot.doors.webhook.router import Event, Router
from bot.work.origin import Origin, Principal, Subject
from bot.work.services import Services
from handlers.flaky.records import FlakyInput, FlakyRules, FlakyTask
from handlers.flaky.task import TASK

router: Router[Services] = Router()


@router.on("check_suite", "completed")
@router.on("pull_request", "closed")
async def renew_report(event: Event, services: Services) -> None:
    """Start the week's report, once: the week is the task's key."""
    repository = event.repository()
    sender = event.sender()
    if repository is None or sender is None:
        return
    policy, _ = await services.policies.load_recent(repository)
    if not policy.rules(FlakyRules).weekly:
        return
    now = datetime.now(UTC)
    year, week, _ = now.isocalendar()
    origin = Origin(
        door="schedule",
        principal=Principal(kind="schedule", actor=sender, vouched="The repository's policy sets `flaky.weekly`."),
        key=f"{repository.id} flaky {year}-{week}",
        at=now.isoformat(),
        delivery=event.guid,
        cause="week",
    )
    subject = Subject(kind="repository")
    await begin(
        services, TASK, FlakyTask(repository=repository, subject=subject, origin=origin, input=FlakyInput(weekly=True))
    )
