"""Answer ``/help``: what you may use here, or how one command is used."""

from __future__ import annotations

from difflib import get_close_matches

from bot.doors.comments.commands import ANYWHERE, Arguments, Command, Invocation, reply
from bot.markdown import inline_code, table
from bot.policy import READERS
from bot.work.services import Services


async def run(invocation: Invocation, services: Services) -> None:
    """Answer with the list, or with one command's manual."""
    name = invocation.argument.casefold().removeprefix("/")
    wanted = invocation.commands.get(name)
    if name and wanted is None:
        nearest = next(iter(get_close_matches(name, invocation.commands, n=1)), None)
        meant = f" Did you mean `/help {nearest}`?" if nearest else ""
        await reply(services, invocation, f"Unknown command {inline_code(name)}.{meant} `/help` lists all commands.")
        return
    await reply(services, invocation, _write_list(invocation) if wanted is None else _explain(invocation, wanted))


def describe_places(command: Command) -> str:
    """Name the places of a command, and what they must be like."""
    return f"{command.where}.{' Only while it is open.' if command.needs_open else ''}"


def list_examples(command: Command) -> str:
    """Write a table of what may be typed and what that does."""
    return table(("you type", "what happens"), [(f"`{typed}`", told) for typed, told in command.examples])


def _write_list(invocation: Invocation) -> str:
    """List what may be used here; name what is for other places and people."""
    mine: list[tuple[str, str]] = []
    elsewhere: list[str] = []
    others: list[str] = []
    for each in invocation.commands.values():
        if not _may(invocation, each):
            others.append(f"`/{each.name}`")
        elif invocation.subject.kind not in each.places:
            elsewhere.append(f"`/{each.name}`")
        else:
            mine.append((f"`{each.usage}`", each.summary))
    parts = [table(("you may use here", "what it does"), mine), "`/help <command>` explains one, as `/help fix` does."]
    if elsewhere:
        parts.append(f"Elsewhere: {', '.join(elsewhere)}.")
    if others:
        parts.append(f"You may not use in this repository: {', '.join(others)}.")
    return "\n\n".join(parts)


def _explain(invocation: Invocation, wanted: Command) -> str:
    level = invocation.policy.level(wanted.name)
    who = f"people with {level} permission" if level else "nobody, it is switched off here"
    you = "You may." if _may(invocation, wanted) else "You may not."
    told = f"{wanted.summary} {wanted.explanation}"
    return "\n\n".join(
        (f"`{wanted.usage}`", told, f"Where: {describe_places(wanted)}", list_examples(wanted), f"Who: {who}. {you}")
    )


def _may(invocation: Invocation, wanted: Command) -> bool:
    return invocation.may(wanted.name).allowed


COMMAND = Command(
    name="help",
    summary="Lists the commands that you may use here, or explains one.",
    explanation="The list is made for whoever asks and for the place where it is asked.",
    examples=(("/help", "lists the commands"), ("/help fix", "explains `/fix`")),
    places=ANYWHERE,
    arguments=Arguments("[command]", text=True),
    run=run,
    quick=True,
    rule=READERS,
)
