"""Find what a task is asked about, and where its result may go."""

from __future__ import annotations

from typing import Any, NamedTuple

from bot.dispatch.spec import TaskSpec
from bot.doors.api.problems import Problem
from bot.doors.comments.commands import command_of
from bot.github.api.errors import NotFound
from bot.github.api.scopes import READ
from bot.github.resources import issues
from bot.github.resources.reply_targets import ReplyTarget, find_thread
from bot.types import Repository
from bot.work.origin import Outlet, Subject, SubjectKind, TaskInput
from bot.work.services import Services


class About(NamedTuple):
    """Subject of a task as a program names it.

    Without a ``number`` that is the repository, with a ``thread`` one on lines of the pull request.
    """

    number: int | None
    thread: int | None = None


def choose_outlet(spec: TaskSpec[Any], number: int | None, wanted: Outlet | None) -> Outlet:
    """Return where the result goes.

    Raises :class:`Problem` where GitHub has no place for it.
    """
    if number is not None or "result" not in spec.outlets:
        return wanted or "github"
    if wanted == "github" and not spec.own_place:
        raise Problem("Without a `number` there is no place on GitHub for it: leave `deliver` out.", status=409)
    return wanted or "result"


def describe(spec: TaskSpec[Any], about: About, given: TaskInput) -> Subject:
    """Return what a task without a number is asked for, as it says itself.

    Raises :class:`Problem` where that is nothing, or where it stands in an issue as well.
    """
    text = str(getattr(given, spec.report)).strip() if spec.report is not None else ""
    if about.number is not None and text:
        raise Problem(f"What is wrong stands in the issue or pull request: leave `{spec.report}` out.", status=409)
    if about.number is None and about.thread is not None:
        raise Problem("Say the `number` of the pull request that the `thread` is on.", status=409)
    if about.number is None and spec.report is not None and not text:
        raise Problem(f"Say what it is about: the `number` of an issue, or a `{spec.report}`.", status=409)
    title, _, body = text.partition("\n")
    return Subject(kind="repository", title=title.strip(), body=body.strip())


async def read_subject(
    services: Services, spec: TaskSpec[Any], repository: Repository, about: About
) -> tuple[Subject, ReplyTarget | None]:
    """Return what a task is asked for as GitHub describes it now.

    The second value is the thread that it is about. Raises :class:`Problem` where that makes no sense.
    """
    assert about.number is not None, "GitHub describes issues and pull requests"
    github = await services.github.for_repository(repository, READ)
    try:
        issue = await issues.get_issue(github, repository, about.number)
    except NotFound:
        raise Problem(f"{repository.full_name} has no issue or pull request {about.number}.", status=404) from None
    kind: SubjectKind = "pull" if issue.is_pull else "issue"
    if kind not in spec.subjects:
        raise Problem(f"`{spec.name}` works on {command_of(spec).where}.", status=409)
    if spec.needs_open and issue.state != "open":
        raise Problem(f"`{spec.name}` needs an open issue or pull request; this one is closed.", status=409)
    subject = Subject(kind=kind, number=about.number, title=issue.title, body=issue.body, author_id=issue.author_id)
    if about.thread is None:
        return subject, None
    thread = await find_thread(github, repository, about.number, about.thread) if issue.is_pull else None
    if thread is None:
        raise Problem(f"#{about.number} has no comment {about.thread} on lines of its diff.", status=404)
    return subject.model_copy(update={"kind": "thread", "lines": thread.lines}), thread.spot
