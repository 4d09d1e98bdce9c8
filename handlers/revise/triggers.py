"""Start a revision when a review of our pull request requests changes."""

from __future__ import annotations

from bot.dispatch.authorise import identify
from bot.dispatch.start import start
from bot.doors.comments.grammar import begins_with_command
from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.work.origin import Origin, Subject
from bot.work.services import Services
from handlers.revise import ci
from handlers.revise.records import ReviseInput, RevisionTask
from handlers.revise.task import TASK

router: Router[Services] = Router.merged(ci.router)


@router.on("pull_request_review", "submitted")
async def start_revision(event: Event, services: Services) -> None:
    """Do everything a review requests in one go, if its author may ask for it."""
    review = read_part(event.payload, "review")
    author = read_number(read_part(event.payload, "pull_request", "user"), "id")
    repository = event.repository()
    actor = event.sender()
    if review.get("state") != "changes_requested" or repository is None or actor is None or event.number is None:
        return
    if actor.type != "User" or read_part(review, "user").get("id") != actor.id:
        return
    if author != (await services.github.bot()).id:
        return
    body = read_text(review, "body")
    mention = (await services.github.bot()).login.removesuffix("[bot]")
    policy, _ = await services.policies.load_or_default(repository)
    names = services.policies.command_names(policy)
    request = RevisionTask(
        repository=repository,
        subject=Subject(kind="pull", number=event.number, author_id=author),
        origin=Origin(
            door="review",
            principal=await identify(services, repository, actor),
            key=event.guid,
            at=read_text(review, "submitted_at"),
            delivery=event.guid,
        ),
        input=ReviseInput(text="" if begins_with_command(body, names, mention) else body, reviewer=actor.login),
    )
    await start(services, TASK, request, policy)
