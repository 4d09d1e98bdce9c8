"""Read failing checks, and run their tests here and on the base."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bot.change.quarantined import describe, find_named, read_live
from bot.change.recipe import Job, ProofResult
from bot.change.records import Baseline, CodeLocation, Proof
from bot.engine.port import Ctx
from bot.git.changes import Changes
from bot.github.api.access import Permissions
from bot.github.api.errors import Forbidden, GitHubError, Invalid, NotFound
from bot.github.resources import ci
from bot.github.resources.ci import FailedCheck
from bot.markdown import joined, listed
from bot.quarantine.entries import Entry, find_entry
from bot.types import JsonModel
from handlers.revise.records import Demand, RevisionBrief, RevisionEvidence, RevisionJob

_CHECKS: Permissions = {"checks": "read", "metadata": "read"}
_LOGS: Permissions = {"actions": "read", "metadata": "read"}
_MOST = 3
BAD = frozenset({"failed", "error"})
_ELSEWHERE = re.compile(
    r"no space left on device|connection (?:reset|refused|timed out)|could not resolve host|temporary failure in name"
    r"|\b(?:502|503|504)\b.{0,40}(?:gateway|unavailable|error)|the runner has received a shutdown signal"
    r"|lost communication with the server|rate limit|read timed out|killed|out of memory|tls handshake",
    re.IGNORECASE,
)


class Cause(JsonModel):
    """Reason why checks fail, in a sentence, with proof where it is ours."""

    kind: Literal["ours", "base", "flaky", "infrastructure"]
    sentence: str
    proof: Proof | None = None


class FailingChecks:
    """Prover whose proof are the head's failing tests, if any."""

    async def prove(self, ctx: Ctx, job: RevisionJob, evidence: RevisionEvidence, found: CodeLocation) -> ProofResult:
        """Find out why the checks fail; end where it is not our fault."""
        brief = evidence.brief
        base = evidence.baseline
        if not evidence.task.checks or base is None:
            return ProofResult()
        cause = await ctx.step("cause", find_cause, job, brief, base, interruptible=True)
        checks_only = len(brief.demands) == brief.failed
        return ProofResult(cause.proof, note=cause.sentence, ended=checks_only and cause.kind != "ours")


async def read_demands(job: RevisionJob, head_sha: str) -> tuple[Demand, ...]:
    """Return a demand for each failed check, with its log where we may."""
    client = await job.services.github.for_repository(job.task.repository, _CHECKS)
    own = await job.services.github.bot()
    failed = await ci.failed_checks(client, job.task.repository, head_sha)
    theirs = [check for check in failed if f"{check.app}[bot]" != own.login][:_MOST]
    demands = []
    for check in theirs:
        log = await _read_log(job, check) if check.app == "github-actions" else ""
        said = joined((check.said, log)) or "It says nothing about why."
        text = f"The check {check.name} failed. Make it pass.\n\n{said}"
        demands.append(Demand(author=check.app or "CI", text=text))
    return tuple(demands)


async def _read_log(job: RevisionJob, check: FailedCheck) -> str:
    """Return the job's log; "" where the App may not read it, or it is gone."""
    repository = job.task.repository
    try:
        client = await job.services.github.for_repository(repository, _LOGS)
        return await ci.job_log(client, repository, check)
    except (Forbidden, Invalid, NotFound):
        return ""
    except GitHubError as error:
        return f"(The log could not be read: {error.message})"


async def find_cause(job: RevisionJob, brief: RevisionBrief, base: Baseline) -> Cause:
    """Compare what fails here on the head with the base."""
    failing = list_failing(base)
    quarantined = await read_live(job, brief.trusted_sha)
    if not failing:
        return _explain_passing(brief, base, quarantined)
    ours = await select_ours(job, failing, brief.trusted_sha)
    short = brief.base_sha[:10]
    entries = [find_entry(quarantined, name) for name in failing]
    if not ours and all(entries):
        told = " ".join(describe(entry) for entry in entries if entry is not None)
        return Cause(kind="flaky", sentence=f"{told} It fails without this pull request too. I changed nothing.")
    if not ours:
        return Cause(
            kind="base",
            sentence=f"{name_tests(failing)} fail on {short}, and just the same on {brief.trusted_sha[:10]} of the "
            "base branch, without this pull request. So this pull request does not have to fix them.",
        )
    proof = make_proof(base, ours)
    sentence = f"{name_tests(ours)} fail on {short} in the sandbox as well, and do not on the base branch."
    return Cause(kind="ours", sentence=sentence, proof=proof)


def list_failing(base: Baseline) -> list[str]:
    """Return the tests that fail on the head."""
    return [name for name, verdict in base.verdicts.items() if verdict in BAD]


async def select_ours(job: Job[Any], failing: Sequence[str], good_sha: str) -> list[str]:
    """Return those of the failing tests that do not fail on a good commit."""
    before = await _run_on(job, good_sha, failing)
    return [name for name in failing if before.get(name) not in BAD]


def make_proof(base: Baseline, tests: Sequence[str], runs: int = 1) -> Proof:
    """Make failing tests the proof: they are what has to pass."""
    files = tuple(dict.fromkeys(name.partition("::")[0] for name in tests))
    return Proof(
        files=Changes(),
        targets=files if all("::" in name for name in tests) else base.targets,
        tests=tuple(tests),
        failures=(),
        runs=runs,
        reason="",
        command=base.command,
    )


async def _run_on(job: Job[Any], sha: str, failing: Sequence[str]) -> Mapping[str, str]:
    mirror = await job.mirror(sha)
    known = {entry.path for entry in await mirror.entries(sha)}
    files = tuple(dict.fromkeys(name.partition("::")[0] for name in failing))
    targets = [file for file in files if file in known]
    if "::" in failing[0] and not targets:
        return {}
    workshop = job.workshop(sha)
    await workshop.ready()
    return (await workshop.test(Changes(), targets)).verdicts()


def _explain_passing(brief: RevisionBrief, base: Baseline, quarantined: Sequence[Entry]) -> Cause:
    """Say why CI may be red where the tests that were run here pass."""
    said = "\n".join(demand.text for demand in brief.demands)
    passed = f"Here the tests pass on {brief.base_sha[:10]} ({base.scope})"
    if named := find_named(quarantined, said):
        told = " ".join(describe(entry) for entry in named)
        return Cause(kind="flaky", sentence=f"{told} {passed}. I changed nothing.")
    found = find_trouble(said)
    if found:
        return Cause(
            kind="infrastructure",
            sentence=f"{passed}, and CI's log speaks of its machine or network (“{found}”). I changed nothing; "
            "run the check again.",
        )
    return Cause(
        kind="flaky",
        sentence=f"{passed}, so I could not reproduce what CI saw: it is flaky, or it depends on CI's own set-up. I "
        "changed nothing; run the check again, or tell me what is different there.",
    )


def find_trouble(log: str) -> str:
    """Return the words of a log that speak of CI's machine or network, or ""."""
    found = _ELSEWHERE.search(log)
    return found.group() if found is not None else ""


def name_tests(names: Sequence[str]) -> str:
    """Name the first of some tests."""
    return listed([f"`{name}`" for name in names], 3)
