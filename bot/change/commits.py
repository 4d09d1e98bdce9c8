"""Put a tested change on a branch: pushed by git, or made through the API where commits must be signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.change import approvals
from bot.change.records import GateReport, Snapshot
from bot.git.changes import Changes
from bot.git.errors import NonFastForward, PushRefused, ReadOnly
from bot.git.mirrors import Author, Mirror
from bot.github.api.scopes import PUSH, READ_CODE
from bot.github.resources import commits
from bot.github.resources.commits import BranchRefused, BranchTaken, TreeCommit, TreeFile
from bot.github.resources.rules import BranchRule, branch_rules
from bot.github.resources.users import noreply_email
from bot.store import tasks
from bot.store.writes import WriteJournal
from bot.work.assignment import Assignment

_SIGNED_OFF = "signed-off-by"


async def put(
    work: Assignment[Any],
    report: GateReport,
    message: str,
    branch: str,
    *,
    triggered: str,
    expect: str | None = None,
    before: Sequence[Snapshot] = (),
) -> str:
    """Commit the tested tree on its base and put it on ``branch``.

    Trees ``before`` it become commits of their own below. Returns the last commit's sha, the same on every try.
    ``expect`` is where the branch must be, None: nowhere yet. Raises :class:`bot.change.approvals.ApprovalNeeded` and
    :class:`bot.change.approvals.PushClosed` where the organisation holds it back, :class:`bot.git.errors.PushRefused`,
    :class:`bot.git.errors.NonFastForward` and what git and GitHub raise.
    """
    await approvals.require(work, [*(one.changes for one in before), report.changes])
    services = work.services
    bot = await services.github.bot()
    author = Author(name=bot.login, email=noreply_email(bot, services.settings.web_url))
    chain = [*((f"{one.subject}\n", one.changes) for one in before), (message, report.changes)]
    # a tree that the next commit leaves as it is would make an empty one
    chain = [one for one, following in zip(chain, [*chain[1:], None], strict=True) if not _is_same(one, following)]
    if work.policy.publish.sign_off:
        chain = [(f"{text.rstrip()}\n\nSigned-off-by: {author.name} <{author.email}>\n", tree) for text, tree in chain]
    if work.policy.publish.signed or any(rule.kind == "required_signatures" for rule in await _rules(work, branch)):
        sha = await _put_signed(work, report.base_sha, chain, branch, exists=expect is not None)
    else:
        mirror = await work.mirror(report.base_sha)
        when = int(datetime.fromisoformat(triggered).timestamp())
        sha = report.base_sha
        for text, changes in chain:
            sha = await mirror.commit(report.base_sha, changes, text, author, when, parent=sha)
        await _push(work, mirror, sha, branch, expect)
    await work.audit(f"push {branch}", allowed=True, reason=sha)
    # CI may fail on the commit before the task has ended and its result can be read.
    pushed = {"pushed": sha}
    await work.services.store.run(tasks.merge_posted, work.task_id, pushed)
    return sha


async def _push(work: Assignment[Any], mirror: Mirror, sha: str, branch: str, expect: str | None) -> None:
    """Push a commit, between two lines in the journal of writes."""
    repository = work.task.repository
    token = await work.services.github.token(repository, PUSH)
    journal = WriteJournal(work.services.store)
    row = await journal.begin("PUSH", f"/{repository.full_name}.git refs/heads/{branch} {sha}", repository.id)
    try:
        await mirror.push(sha, branch, token, expect=expect)
    except (PushRefused, NonFastForward, ReadOnly):
        await journal.end(row, 403)
        raise
    await journal.end(row, 200)


def _is_same(one: tuple[str, Changes], following: tuple[str, Changes] | None) -> bool:
    return following is not None and following[1] == one[1]


async def objections(work: Assignment[Any], branch: str) -> list[str]:
    """Return what a branch's rules hold against us, whatever the change."""
    found = await _rules(work, branch)
    bot = await work.services.github.bot()
    email = noreply_email(bot, work.services.settings.web_url)
    said = [_objection(rule, branch, email, signs_off=work.policy.publish.sign_off) for rule in found]
    return list(dict.fromkeys(each for each in said if each))


def _objection(rule: BranchRule, branch: str, email: str, *, signs_off: bool) -> str | None:
    pattern = str(rule.parameters.get("pattern", ""))
    if rule.kind == "creation":
        return f"nobody but those on its bypass list may create a branch named `{branch}`"
    if rule.kind == "branch_name_pattern" and not rule.fits(branch):
        return f"the name `{branch}` does not fit the rule for branch names (`{pattern}`)"
    if rule.kind in {"commit_author_email_pattern", "committer_email_pattern"} and not rule.fits(email):
        return f"my address {email} does not fit the rule for authors of commits (`{pattern}`)"
    wants_sign_off = rule.kind == "commit_message_pattern" and _SIGNED_OFF in pattern.lower()
    if wants_sign_off and not signs_off and not rule.parameters.get("negate"):
        return "commits must be signed off, and `publish.sign_off` is not set"
    return None


async def _rules(work: Assignment[Any], branch: str) -> list[BranchRule]:
    github = await work.services.github.for_repository(work.task.repository, READ_CODE)
    return await branch_rules(github, work.task.repository, branch)


async def _put_signed(
    work: Assignment[Any], base_sha: str, chain: Sequence[tuple[str, Changes]], branch: str, *, exists: bool
) -> str:
    mirror = await work.mirror(base_sha)
    modes = {entry.path: entry.mode for entry in await mirror.entries(base_sha)}
    made = [
        TreeCommit(
            message=message,
            tree=await mirror.tree(base_sha, changes),
            files={path: TreeFile(mode=modes.get(path, "100644"), text=text) for path, text in changes.files.items()},
        )
        for message, changes in chain
    ]
    github = await work.services.github.for_repository(work.task.repository, PUSH)
    try:
        return await commits.commit_on_branch(github, work.task.repository, branch, base_sha, made, exists=exists)
    except BranchTaken as error:
        raise NonFastForward(error.message, branch=branch) from None
    except BranchRefused as error:
        raise PushRefused(error.message, reason=error.detail("reason")) from None
