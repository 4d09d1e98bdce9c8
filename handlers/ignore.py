"""Answer ``/ignore``: reject a finding for the whole repository."""

from __future__ import annotations

from bot.doors.comments.commands import Arguments, Command, Invocation, reply
from bot.markdown import paragraph
from bot.pulls.history import ignore
from bot.work.services import Services


async def run(invocation: Invocation, services: Services) -> None:
    """Reject the finding of the thread, or say that there is none."""
    comment = invocation.spot.id
    assert comment is not None, "a thread has comments"
    found = await ignore(
        services,
        invocation.repository,
        invocation.number,
        comment,
        reason=invocation.argument,
        actor=invocation.actor.login,
    )
    if found is None:
        text = "This thread is not about a finding of mine, so there is nothing to ignore."
    else:
        text = f"I will not report this again in this repository. Reason: {paragraph(invocation.argument)}"
    await reply(services, invocation, text)


COMMAND = Command(
    name="ignore",
    summary="Rejects the finding of this thread, with a reason; it is not said again.",
    explanation="Type it in the thread of a finding. It holds for the whole repository, also for later pull requests.",
    examples=(("/ignore This input is checked by the caller", "remembers the finding as rejected"),),
    places=frozenset({"thread"}),
    arguments=Arguments("<reason>", text=True, required=True),
    run=run,
)
