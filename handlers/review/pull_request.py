"""Read the pull request as it is now, and plan its review."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from bot.context import guidelines
from bot.git.errors import GitError, ObjectMissing
from bot.git.mirrors import Mirror
from bot.github.api.client import Client
from bot.github.api.errors import NotFound
from bot.github.api.scopes import READ
from bot.github.resources import issues, pulls
from bot.github.resources.pulls import Pull
from bot.github.text.diffs import FileDiff
from bot.policy import Policy
from bot.pulls import attributes, excerpts, hunks, skipped
from bot.pulls import diff as change
from bot.pulls.diff import Review
from bot.pulls.records import ChangedFile, LinkedIssue, ReviewPlan, Subject
from bot.pulls.rules import ReviewRules
from bot.pulls.skipped import READ_BEFORE
from bot.work.untrusted import visible, visible_title
from handlers.review import check_run, guidance, previous
from handlers.review.plan import assess_risk, plan_readings
from handlers.review.previous import EarlierReviews
from handlers.review.stages import Stage

_CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d{1,9})\b", re.IGNORECASE)
_MAX_RAW = 60_000
_MAX_BODY = 12_000
_MAX_ISSUE = 8_000
_MAX_ISSUES = 3
# a repository has one of them, seldom one for each of its packages
_MAX_ATTRIBUTES = 50


async def read(review: Review) -> Subject:
    """Read the pull request and the issues it says it closes, and fetch it."""
    await review.stage(Stage.READ, "started")
    subject, fetched = await asyncio.gather(_read_pull(review), _fetch_ahead(review, review.task.base_branch))
    await review.stage(Stage.READ, "failed" if subject.stop else "done", subject.stop or "")
    return subject.model_copy(update={"fetched": fetched})


async def _read_pull(review: Review) -> Subject:
    task = review.task
    github = await review.services.github.for_repository(task.repository, READ)
    pull = await pulls.get_pull(github, task.repository, task.number)
    stop = find_stop_reason(review, pull)
    if stop is None and not task.quiet:
        await check_run.show(review.services, task, review.task_id, pull.head_sha, base=pull.base_branch)
    linked = [] if stop else await _read_linked_issues(review, github, pull)
    return Subject(
        nonce=secrets.token_hex(8),
        title=visible_title(pull.title)[:500],
        body=visible(pull.body[:_MAX_RAW])[:_MAX_BODY],
        author=pull.author,
        head_sha=pull.head_sha,
        base_branch=pull.base_branch,
        from_fork=pull.from_fork(task.repository),
        issues=tuple(linked),
        stop=stop,
    )


async def _fetch_ahead(review: Review, base_branch: str | None) -> bool:
    """Fetch both ends where the base is known; return whether that worked."""
    if base_branch is None:
        return False
    try:
        await review.fetch_pull(base_branch)
    except GitError:  # the pull request may be closed; where it is not, the next fetch says what is wrong
        return False
    return True


def find_stop_reason(review: Review, pull: Pull) -> str | None:
    """Say why there is nothing to review or to post any more."""
    if pull.state != "open":
        return f"The pull request was {'merged' if pull.merged else 'closed'} meanwhile."
    wanted = review.task
    if wanted.head_sha not in {None, pull.head_sha}:
        return f"Superseded: the head is {pull.head_sha[:10]} by now."
    if wanted.base_branch not in {None, pull.base_branch}:
        return f"Superseded: the base is {pull.base_branch} by now."
    return None


async def look(review: Review, subject: Subject, earlier: EarlierReviews) -> ReviewPlan:
    """Fetch the change, and plan its review.

    It is diffed from the merge base; what is not read is named, the rest is ranked and packed. Hunks that an earlier
    review has read at this place, under these rules, are not read again.
    """
    await review.stage(Stage.LOOK, "started")
    mirror, base_sha = await _find_ends(review, subject)
    merge_base = await mirror.merge_base(base_sha, subject.head_sha)
    diffs = await change.read_diffs(review, merge_base, subject.head_sha)
    head = await change.read_contents(review, subject.head_sha, diffs)
    base = await change.read_contents(review, merge_base, [diff.old_path for diff in diffs.values()])
    paths = [entry.path for entry in await mirror.entries(base_sha)]
    marks = await _read_generated_marks(mirror, base_sha, paths, diffs)
    facts = await asyncio.to_thread(_describe_files, review.policy, diffs, head, base, marks)
    readable = [file.path for file in facts if file.left_out is None]
    told = await guidelines.collect(partial(mirror.read, base_sha), paths, readable)
    rules = previous.hash_rules(review, told)
    known = {} if review.task.full else _find_known_hunks(facts, earlier.hunks(rules))
    changed = tuple(_skip_if_known(fact, known.get(fact.path, ())) for fact in facts)
    wanted = {
        file.path: hunks.drop_hunks(diffs[file.path], known.get(file.path, ())) for file in changed if not file.left_out
    }

    def show() -> dict[str, tuple[str, ...]]:
        return {path: excerpts.render_rows(diff, _decode(head.get(path))) for path, diff in wanted.items()}

    shown = await asyncio.to_thread(show) if reads_change(review) else {}
    plan = ReviewPlan(
        head_sha=subject.head_sha,
        merge_base=merge_base,
        files=changed,
        readings=plan_readings(changed, shown),
        guidelines=await asyncio.to_thread(guidance.select_sections, told, _list_changed_lines(wanted)),
        rules=rules,
        known=known,
    )
    await review.stage(Stage.LOOK, "done", f"{len(shown)} of {len(changed)} changed files to read")
    return plan


async def _find_ends(review: Review, subject: Subject) -> tuple[Mirror, str]:
    """Return the mirror with both ends, and the base's commit."""
    mirror = await review.services.mirrors.of(review.task.repository)
    if subject.fetched:
        with contextlib.suppress(ObjectMissing):  # it was fetched on another machine, which has died
            await mirror.resolve(subject.head_sha)
            return mirror, await mirror.resolve(subject.base_branch)
    await review.fetch_pull(subject.base_branch)
    mirror = await review.mirror(subject.head_sha)
    return mirror, await mirror.resolve(subject.base_branch)


def _list_changed_lines(diffs: Mapping[str, FileDiff]) -> list[str]:
    """Return the paths and the changed lines of what is read."""
    lines = (line for diff in diffs.values() for hunk in diff.hunks for line in hunk.lines)
    return [*diffs, *(line.text for line in lines if line.kind != " ")]


def reads_change(review: Review) -> bool:
    """Return whether the change is read, not only our open findings."""
    trigger = review.task.trigger
    return trigger not in {"ours", "look"} and (
        trigger != "push" or "synchronize" in review.policy.rules(ReviewRules).on
    )


async def _read_generated_marks(
    mirror: Mirror, base_sha: str, paths: Sequence[str], changed: Iterable[str]
) -> dict[str, bool]:
    """Read the base's ``.gitattributes``: the head's cannot hide its files."""
    found = [path for path in paths if path.rpartition("/")[2] == attributes.NAME][:_MAX_ATTRIBUTES]
    texts = {path: await mirror.read(base_sha, path) or "" for path in found}
    return await asyncio.to_thread(attributes.find_generated, changed, texts)


async def _read_linked_issues(review: Review, github: Client, pull: Pull) -> list[LinkedIssue]:
    numbers = dict.fromkeys(int(number) for number in _CLOSES.findall(f"{pull.title}\n{visible(pull.body[:_MAX_RAW])}"))
    wanted = [number for number in numbers if number != pull.number][:_MAX_ISSUES]
    found = await asyncio.gather(*(_read_issue(review, github, number) for number in wanted))
    return [issue for issue in found if issue is not None]


async def _read_issue(review: Review, github: Client, number: int) -> LinkedIssue | None:
    try:
        issue = await issues.get_issue(github, review.task.repository, number)
    except NotFound:
        return None
    body = visible(issue.body[:_MAX_RAW])[:_MAX_ISSUE]
    return None if issue.is_pull else LinkedIssue(number=number, title=visible_title(issue.title)[:500], body=body)


def _describe_files(
    policy: Policy,
    diffs: Mapping[str, FileDiff],
    head: Mapping[str, bytes],
    base: Mapping[str, bytes],
    marks: Mapping[str, bool],
) -> tuple[ChangedFile, ...]:
    files: list[ChangedFile] = []
    for path, diff in diffs.items():
        risk, why = assess_risk(diff)
        kinds = [line.kind for hunk in diff.hunks for line in hunk.lines]
        new = head.get(path)
        old = base.get(diff.old_path)
        file = ChangedFile(
            path=path,
            old_path=diff.old_path,
            status=diff.status,
            added=kinds.count("+"),
            removed=kinds.count("-"),
            left_out=skipped.find_skip_reason(diff, new, old, policy, generated=marks.get(path)),
            in_part=excerpts.describe_omissions(diff),
            risk=risk,
            why=why,
            hunks=hunks.name_hunks(diff, _decode(new), _decode(old)),
        )
        files.append(file)
    return tuple(files)


def _find_known_hunks(facts: Sequence[ChangedFile], read: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, ...]]:
    """Return the numbers of each file's hunks whose names were read before."""
    numbers = {
        fact.path: tuple(number for number, name in enumerate(fact.hunks) if name in read.get(fact.path, ()))
        for fact in facts
    }
    return {path: found for path, found in numbers.items() if found}


def _skip_if_known(fact: ChangedFile, known: Sequence[int]) -> ChangedFile:
    if fact.left_out is None and fact.hunks and len(known) == len(fact.hunks):
        return fact.model_copy(update={"left_out": READ_BEFORE})
    return fact


def _decode(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")
