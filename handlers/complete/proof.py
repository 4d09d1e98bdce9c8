"""Prove what is left open: new tests that name every stub and fail on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from bot.change.proof import FailingTest, ProofAttempt
from bot.change.recipe import AnyEvidence, Job, ProofResult
from bot.change.records import Brief, CodeLocation, Proof
from bot.engine.port import Ctx
from handlers.complete.records import CompletionBrief, Stub
from handlers.implement.assertions import find_idle_tests


class StubTests(FailingTest):
    """A prover that wants failing tests of everything that is left open."""

    refused = "These tests do not show yet what is left open."

    async def prove(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> ProofResult:
        """Prove stubs by tests; that a migration lacks, code has found already."""
        assert isinstance(evidence.brief, CompletionBrief), "a completion begins with what is left open"
        return await super().prove(ctx, job, evidence, found) if evidence.brief.stubs else ProofResult()

    async def recognise(self, job: Job[Any], brief: Brief, proof: Proof, attempt: int) -> ProofAttempt:
        """Hold the tests against the stubs, by code alone."""
        assert isinstance(brief, CompletionBrief), "a completion begins with what is left open"
        faults = list(find_faults(brief.stubs, proof))
        if faults:
            return ProofAttempt(problem="\n".join(faults))
        named = ", ".join(dict.fromkeys(stub.function or stub.path for stub in brief.stubs))
        return ProofAttempt(proof=proof.model_copy(update={"reason": f"fails on what is left open in {named}"}))


def find_faults(stubs: Iterable[Stub], proof: Proof) -> Iterator[str]:
    """Yield what the tests do not show of the stubs."""
    yield from (f"{name} asserts nothing." for name in find_idle_tests(proof))
    words = {word for text in proof.files.files.values() for word in re.findall(r"\w+", text or "")}
    raised = {
        error.path
        for failure in proof.failures
        for error in failure.raised
        if error.genuine and error.type == "NotImplementedError"
    }
    for stub in stubs:
        name = stub.function.rpartition(".")[2]
        if name and name not in words:
            yield f"No new test names `{stub.function}`, which is left open at {stub.place}."
        elif "NotImplementedError" in stub.text and stub.path not in raised:
            yield f"No new test ends with the NotImplementedError of {stub.place}; call it with input that reaches it."
