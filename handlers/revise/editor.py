"""Edit: the loop that does what is asked, with the tests around it run after every edit."""

from __future__ import annotations

from bot.change.editor import NEAR, lookup_for, tests_near
from bot.change.records import Baseline, Found
from bot.git.changes import Changes
from bot.models.port import Message
from bot.work.prompts import render
from bot.work.records import Work
from bot.work.toolset import Check, Hands, May, protected, shown
from handlers.revise.assignment import Revision
from handlers.revise.records import Wanted

_SHOWN = 4_000
_NOT_RUN = "The edits apply. Code of a fork is not run here."


def system_text(revision: Revision, wanted: Wanted, found: Found) -> str:
    """Our rules and the repository's guidelines."""
    return render(
        "revise/system.md.j2",
        repository=revision.task.repository.full_name,
        nonce=wanted.brief.nonce,
        guidelines=found.guidelines,
        runs=wanted.runs,
    )


async def opening(revision: Revision, wanted: Wanted, found: Found, base: Baseline | None) -> Work:
    """The work before its first turn: the pull request, what is asked, how code there is written, how its tests are."""
    await revision.stage("edit", "started")
    text = render(
        "revise/ask.md.j2",
        brief=wanted.brief,
        demands=wanted.demands,
        diff=wanted.diff,
        style=found.style,
        baseline=base,
        failing="\n".join(_failing(base))[:_SHOWN],
    )
    return Work(messages=(Message(role="user", text=text),))


def told(state: Work, wanted: Wanted, why: str, detail: str) -> Work:
    """The same work with a result added to the conversation."""
    text = render("revise/again.md.j2", why=why, detail=detail, nonce=wanted.brief.nonce)
    return state.model_copy(update={"messages": (*state.messages, Message(role="user", text=text))})


def hands(revision: Revision, wanted: Wanted, base: Baseline | None, existing: frozenset[str]) -> Hands:
    """Everything may be edited but what is protected, test configuration, and tests that the base branch has.

    ``existing`` are the paths of the base branch, where the pull request left it.
    """
    return Hands(
        revision,
        wanted.brief.base_sha,
        wanted.brief.nonce,
        lookup_for(revision, wanted.brief),
        _may_edit(revision, wanted, existing),
        _check(revision, wanted, base),
        may_run=wanted.runs,
    )


def _may_edit(revision: Revision, wanted: Wanted, existing: frozenset[str]) -> May:
    def may_edit(path: str) -> str | None:
        toolchain = revision.workshop(wanted.brief.base_sha).toolchain()
        if toolchain.is_test_config(path) or (path in existing and toolchain.is_test(path)):
            return f"`{path}` belongs to the base branch's tests, which stay. If it is wrong, say so when you finish."
        return protected(revision, wanted.brief.base_sha, path)

    return may_edit


def _check(revision: Revision, wanted: Wanted, base: Baseline | None) -> Check:
    async def check(changes: Changes) -> str:
        if base is None:
            return _NOT_RUN
        workshop = revision.workshop(wanted.brief.base_sha)
        toolchain = workshop.toolchain()
        own = [path for path, text in changes.files.items() if text is not None and toolchain.is_test(path)]
        near = [*own, *await tests_near(revision, wanted.brief, base, changes)]
        if not near:
            return "The edits apply. No test nearby is known."
        return shown("Tests nearby", await workshop.test(changes, near, limits=NEAR))

    return check


def _failing(base: Baseline | None) -> list[str]:
    verdicts = base.verdicts if base is not None else {}
    return [name for name, verdict in verdicts.items() if verdict in {"failed", "error"}]
