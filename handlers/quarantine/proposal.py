"""Open the pull request that puts a test on the list, and the issue that it is fixed by."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Any

from bot.change import commits
from bot.change.recipe import Job
from bot.change.records import GateReport
from bot.change.stages import Stage
from bot.git.changes import Changes
from bot.github.api.scopes import COMMENT, OPEN_PULL, READ
from bot.github.resources import issues, pulls, repos
from bot.github.text.markers import Marker, with_marker
from bot.github.text.outgoing import outgoing_line
from bot.markdown import code_block, inline_code
from bot.quarantine.entries import MOST_DAYS, PATH, Entry, QuarantineError, add, find_entry, read_entries, write_entries
from bot.test_history.names import normalise
from bot.types import JsonModel
from handlers.quarantine.facts import Facts
from handlers.quarantine.rules import QuarantineRules

_JUDGE = "forgehand judge-results --quarantine .github/quarantine.yml --exit-code $code junit.xml"


class Proposed(JsonModel):
    """The pull request and what it says, or in words the ``problem``."""

    number: int = 0
    url: str = ""
    text: str = ""
    problem: str = ""


async def propose(job: Job[Any], facts: Facts) -> Proposed:
    """Put the test on the list by a pull request; safe to repeat."""
    await job.stage(Stage.PUBLISH, "started")
    repository = job.task.repository
    branch = repository.default_branch
    github = await job.services.github.for_repository(repository, READ)
    sha = await repos.head_sha(github, repository, branch)
    mirror = await job.fetch(branch)
    today = date.fromisoformat(job.task.triggered[:10])
    try:
        entries = read_entries(await mirror.read(sha, PATH) or "")
        entry = _make_entry(job, facts, today, known=find_entry(entries, facts.test) is not None)
        most = job.policy.rules(QuarantineRules).most
        add(entries, entry, most, today)  # whether it may be there is known before an issue is opened for it
        entry = entry.model_copy(update={"issue": f"#{await _ensure_issue(job, facts)}"})
        listed = add(entries, entry, most, today)
    except QuarantineError as error:
        return Proposed(problem=error.message)
    written = find_entry(listed, entry.test) or entry
    changes = Changes(files={PATH: write_entries(listed)})
    report = GateReport(base_sha=sha, changes=changes, gates=(), command="", seconds=0)
    title = outgoing_line(f"Quarantine {_name(written.test)} until {written.expires}", secrets=_secrets(job))
    await commits.put(job, report, f"{title}\n", job.branch, triggered=job.task.triggered)
    text = write_proposal(written, facts)
    return await _open(job, branch, title, text)


def _make_entry(job: Job[Any], facts: Facts, today: date, *, known: bool) -> Entry:
    """Return the entry of a test; a ``known`` one needs a person's reason."""
    why = job.task.input.why
    return Entry(
        test=facts.test,
        reason=outgoing_line(why if known else why or facts.shown, limit=280, secrets=_secrets(job)),
        issue="",
        owner=job.policy.rules(QuarantineRules).owner or f"@{job.task.actor.login}",
        since=today,
        expires=today + timedelta(days=MOST_DAYS),
    )


async def _ensure_issue(job: Job[Any], facts: Facts) -> int:
    """Return the issue it was asked on, or open one of ours."""
    if job.task.subject.kind == "issue":
        return int(job.task.number)
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, COMMENT)
    bot = await job.services.github.bot()
    marker = Marker(task=f"flaky-{_digest(facts.test)}", part="quarantine")
    title = outgoing_line(f"Flaky test: {_name(facts.test)}", secrets=_secrets(job))
    fix = inline_code(f"/flaky fix {facts.test}")
    body = job.services.outgoing(
        f"{inline_code(facts.test)} is flaky: {facts.shown}\n\n{fix} fixes it. Until then it is in quarantine for at "
        f"most {MOST_DAYS} days, and once as many more."
    )
    return await issues.ensure_issue(github, repository, title, body, marker=marker, bot=bot)


async def _open(job: Job[Any], base: str, title: str, text: str) -> Proposed:
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, OPEN_PULL)
    body = with_marker(job.services.outgoing(text), Marker(task=job.task_id, part="pull"))
    pull = await pulls.open_pull(github, repository, head=job.branch, base=base, title=title, body=body)
    await job.audit(f"open pull request #{pull.number}", allowed=True, reason=job.branch)
    await job.stage(Stage.PUBLISH, "done", f"#{pull.number}")
    return Proposed(number=pull.number, url=pull.html_url, text=text)


def write_proposal(entry: Entry, facts: Facts) -> str:
    """Write what the pull request does, for whom and until when."""
    term = f"until {entry.expires}, owner {entry.owner}, {entry.issue}"
    renewed = f"\n\nRenewed, and that is allowed once: {entry.renewed}" if entry.renewed else ""
    return (
        f"This puts {inline_code(entry.test)} in quarantine {term}. It still runs and is still reported; only its own "
        f"failure does not count until then. Afterwards it counts again by itself.{renewed}\n\n"
        f"What shows that it is flaky: {facts.shown}\n\n"
        "It takes effect where a job judges its results by the list, after the tests:\n\n"
        f"{code_block(_JUDGE, 'sh')}\n\n"
        f"No test was edited. For {entry.issue}."
    )


def _name(test: str) -> str:
    return test.rpartition("::")[2][:60] or test[:60]


def _digest(test: str) -> str:
    return hashlib.sha256(normalise(test).encode()).hexdigest()[:12]


def _secrets(job: Job[Any]) -> Any:
    return job.services.settings.secrets
