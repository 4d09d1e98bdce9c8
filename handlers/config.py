"""Answer ``/config``: what holds in this repository, and why."""

from __future__ import annotations

from bot.doors.comments.commands import ANYWHERE, Command, Invocation, reply
from bot.markdown import code_block
from bot.policy import PATH, READERS, describe
from bot.work.services import Services


async def run(invocation: Invocation, services: Services) -> None:
    """Answer with every key; what is wrong in the file comes first."""
    effective = code_block(describe(invocation.policy, invocation.registry.schema), "yaml")
    if invocation.fault is not None:
        text = (
            f"{invocation.fault}\n\nNothing starts here until that is fixed. Without the file, these values would "
            "apply:"
        )
    elif invocation.policy.organisation is not None and invocation.policy.organisation.problem:
        text = (
            f"{invocation.policy.organisation.problem}\n\nThat is the organisation's file. What held before it was "
            "changed goes on; where nothing did, nothing starts. These values apply here:"
        )
    else:
        text = f"These values apply here; `line` means `{PATH}` on the default branch:"
    await reply(services, invocation, f"{text}\n\n{effective}")


COMMAND = Command(
    name="config",
    summary="Shows what is configured for this repository, and where each value comes from.",
    explanation=f"Values come from `{PATH}` on the default branch, from the server, or are defaults.",
    examples=(("/config", "lists every key with its value and origin"),),
    places=ANYWHERE,
    run=run,
    quick=True,
    rule=READERS,
)
