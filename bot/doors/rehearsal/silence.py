"""Say in words why nothing came of an event, where no decision was recorded."""

from __future__ import annotations

from collections.abc import Mapping

from bot.doors.comments.commands import Command
from bot.doors.comments.grammar import commands_in
from bot.doors.comments.texts import DOORS, said_in
from bot.doors.handlers import Handlers
from bot.doors.labels import label_of
from bot.doors.webhook.parts import read_part, read_text
from bot.doors.webhook.router import Event
from bot.github.resources import labels
from bot.policy import PATH, Policy, PolicyError
from bot.pulls.rules import ReviewRules

_OCCASIONS = frozenset({"opened", "reopened", "ready_for_review", "synchronize"})


def explain_silence(event: Event, handlers: Handlers, policy: Policy, fault: PolicyError | None, bot: str = "") -> str:
    """Return why nothing came of an event under a policy, in sentences.

    ``fault`` is what is wrong with the repository's file, ``bot`` our own login.
    """
    named = f"`{event.name}`" + (f" ({event.action})" if event.action else "")
    if not handlers.router.handlers(event.name, event.action):
        return f"Nothing here listens to {named}: it is stored, and that is all."
    if event.repository() is None:
        return f"{named} names no repository of an installation, so there is nothing to be done."
    if policy.stopped:
        return policy.stopped
    if fault is not None:
        return f"Nothing starts while `{PATH}` is wrong. {fault.message.partition(chr(10))[0]}"
    return (
        _explain_label(event, handlers, policy)
        or _explain_pull(event, policy)
        or _explain_text(event, handlers.commands, policy, bot)
        or f"{named} starts nothing by itself; it was looked at, and needed no answer."
    )


def _explain_label(event: Event, handlers: Handlers, policy: Policy) -> str:
    if event.action != "labeled" or event.name not in ("issues", "pull_request"):
        return ""
    label = read_text(read_part(event.payload, "label"), "name")
    kind = "pull" if event.name == "pull_request" else "issue"
    ours = {
        label_of(spec, policy): spec.name
        for spec in handlers.registry
        if spec.doors.label and ("issue" if "issue" in spec.subjects else "pull") == kind
    }
    if any(labels.same(label, each) for each in ours):
        return ""
    listed = ", ".join(f"`{name}` (`/{task}`)" for name, task in ours.items() if name)
    place = "an issue" if kind == "issue" else "a pull request"
    return f"`{label}` is not a label that starts a task on {place}. Those are: {listed or 'none'}."


def _explain_pull(event: Event, policy: Policy) -> str:
    if event.name != "pull_request" or event.action not in _OCCASIONS:
        return ""
    wanted = policy.rules(ReviewRules).on
    origin = policy.origins.get("review.on", "default")
    if event.action not in wanted:
        listed = ", ".join(f"`{each}`" for each in wanted) or "nothing"
        return f"Reviews begin by themselves at {listed}, not at `{event.action}` (`review.on`, {origin})."
    if read_part(event.payload, "pull_request").get("draft") is True and event.action != "ready_for_review":
        return "It was a draft: a review begins once it is ready, or by `/review`."
    return ""


def _explain_text(event: Event, commands: Mapping[str, Command], policy: Policy, bot: str) -> str:
    if (event.name, event.action) not in DOORS:
        return "Edited texts are not read again." if event.action == "edited" and "comment" in event.name else ""
    said = said_in(event)
    if said is None:
        return "" if event.name in ("issues", "pull_request") else "There is no text in it."
    typed = commands_in(said.text, commands, bot.removesuffix("[bot]"))
    if not typed:
        return "Its text has no command."
    if said.by_program:
        return "A program wrote the text, and commands of programs are not obeyed."
    if policy.commands.mention_only and not any(one.mentioned for one in typed):
        return "Only commands that begin with the bot's name are obeyed here (`commands.mention_only`)."
    off = [one.name for one in typed if policy.level(one.name) is None]
    return f"Switched off here: {', '.join(f'`/{name}`' for name in off)} (`commands`)." if off else ""
