"""Edit: the loop that changes the code, with the proof and the nearest tests run after every edit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bot.change.job import Job
from bot.change.records import Baseline, Brief, Proof
from bot.context.lookup import Lookup
from bot.git.changes import Changes
from bot.models.port import Message
from bot.sandbox.port import Limits
from bot.work.assignment import Assignment
from bot.work.inquiry import index
from bot.work.prompts import render
from bot.work.records import Work
from bot.work.toolset import Check, Hands, May, protected, shown

NEAR = Limits(seconds=120)


def lookup_for(job: Assignment[Any], brief: Brief) -> Callable[[Changes], Awaitable[Lookup]]:
    """Search and read on base plus changes, never through the disk."""

    async def lookup(changes: Changes) -> Lookup:
        code = await index(job, brief.base_sha)
        return code.with_changes(changes)

    return lookup


async def start_editing(job: Job, brief: Brief, proof: Proof, proved: Work) -> Work:
    """The second task, said in the same conversation, so that what was read need not be read again."""
    await job.stage("edit", "started")
    text = render(f"{job.capability.prompts}/edit.md.j2", proof=proof, nonce=brief.nonce)
    return Work(changes=proof.files, messages=(*proved.messages, Message(role="user", text=text)))


def edit_hands(job: Job, brief: Brief, base: Baseline, proof: Proof) -> Hands:
    """Everything may be edited but tests that exist, test configuration, the proof and what is protected."""
    return Hands(
        job,
        brief.base_sha,
        brief.nonce,
        lookup_for(job, brief),
        _may_edit(job, brief, base, proof),
        _check(job, brief, base, proof),
    )


def _may_edit(job: Job, brief: Brief, base: Baseline, proof: Proof) -> May:
    known = {name.split("::")[0] for name in base.verdicts}

    def may_edit(path: str) -> str | None:
        toolchain = job.workshop(brief.base_sha).toolchain()
        if path in proof.files.files:
            return f"`{path}` is the proof; it stays as it failed."
        if path in known or toolchain.is_test(path) or toolchain.is_test_config(path):
            return f"`{path}` belongs to the tests, which stay as they are. If a test is wrong, say so when you finish."
        return protected(job, brief.base_sha, path)

    return may_edit


def _check(job: Job, brief: Brief, base: Baseline, proof: Proof) -> Check:
    async def check(changes: Changes) -> str:
        workshop = job.workshop(brief.base_sha)
        first = await workshop.test(changes, proof.targets)
        near = await tests_near(job, brief, base, changes)
        if not near:
            return shown("The proof", first)
        second = await workshop.test(changes, near, limits=NEAR)
        await job.stage("edit", "started", _told(first.verdicts(), proof))
        return f"{shown('The proof', first)}\n\n{shown('Tests nearby', second)}"

    return check


def _told(verdicts: Mapping[str, str], proof: Proof) -> str:
    passing = sum(verdicts.get(name) == "passed" for name in proof.tests)
    return f"proof: {passing} of {len(proof.tests)} pass"


async def tests_near(job: Assignment[Any], brief: Brief, base: Baseline, changes: Changes) -> Sequence[str]:
    """The existing test files that exercise what was changed, at most eight."""
    code = await index(job, brief.base_sha)
    near = [test for path in changes.files for test in code.find_tests(path)]
    files = [*base.targets[:3], *near] or list(base.targets)
    return tuple(dict.fromkeys(file for file in files if file not in changes.files))[:8]
