"""Verify findings while the reader of the whole change still writes.

What is begun early is what would be verified in the end: code settles and ranks the findings that are whole by now as
it does all of them later. Questions have the names that they would have then, so what is lost on the way is found in
the ledger. Nothing is verified before the nearest tests have ended, of which verifiers are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.analysis.records import Analysis
from bot.pulls.diff import Review
from bot.pulls.memory import Memory
from bot.pulls.records import Finding, NearestTests, Reading, ReadingResult, ReviewPlan, Subject, Verdict
from bot.types import ForgehandError
from handlers.review import background, finders, nearest_tests, verification
from handlers.review.batches import SIDE_BY_SIDE
from handlers.review.claims import SPARE_CHECKS, choose, count_checks, place_findings


@dataclass(frozen=True)
class Beside:
    """Things that a reader's findings are settled and verified with."""

    static: Analysis
    memory: Memory
    nearest: asyncio.Future[NearestTests]  # never done where their step ran in an earlier process


async def find_and_verify(
    review: Review, subject: Subject, plan: ReviewPlan, reading: Reading, beside: Beside
) -> ReadingResult:
    """Return a reader's findings, with the verdicts on those begun early."""
    early = _Early(review, subject, plan, beside)
    listening = asyncio.create_task(early.listen())
    try:
        found = await finders.find(review, subject, plan, reading, beside.static, early.hear)
        if found.problem is None and beside.nearest.done():
            early.end(found.findings)
            await listening
            await asyncio.gather(*early.begun.values())
    finally:
        running = [listening, *early.begun.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return found.model_copy(update={"verdicts": early.verdicts})


@dataclass
class _Early:
    """The findings of an answer as far as it is written, and their verdicts."""

    review: Review
    subject: Subject
    plan: ReviewPlan
    beside: Beside
    begun: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    _said: Sequence[Finding] = ()
    _whole: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SIDE_BY_SIDE))
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _checks: tuple[str, ...] | None = None

    def hear(self, findings: Sequence[Finding]) -> None:
        """Take in the findings that are whole by now."""
        self._said = findings
        self._news.set()

    def end(self, findings: Sequence[Finding]) -> None:
        """Take in the whole answer, and verify what remains."""
        self._whole = True
        self.hear(findings)

    async def listen(self) -> None:
        """Begin to verify what is said, until the answer is whole."""
        nearest = await asyncio.shield(self.beside.nearest)
        settled: Sequence[Finding] = ()
        chosen: list[Finding] = []
        ended = False
        while not ended:
            await self._news.wait()
            self._news.clear()
            ended = self._whole
            if self._said != settled:
                settled = self._said
                try:
                    chosen = await self._choose(settled)
                except ForgehandError:  # the step that settles all findings meets this again, and says so
                    return
            self._begin(chosen, nearest, count_checks(self.review) - (0 if ended else SPARE_CHECKS))

    async def _choose(self, findings: Sequence[Finding]) -> list[Finding]:
        said = (ReadingResult(findings=tuple(findings)),)
        claims = await place_findings(self.review, self.plan, self.beside.static, self.beside.memory, said)
        return choose(self.review, self.plan, claims.settled)

    def _begin(self, chosen: Sequence[Finding], nearest: NearestTests, most: int) -> None:
        for finding in chosen:
            name = verification.name_step(finding)
            if name not in self.begun and len(self.begun) < most:
                self.begun[name] = asyncio.create_task(self._verify(name, finding, nearest))

    async def _verify(self, name: str, finding: Finding, nearest: NearestTests) -> None:
        given = (self.review, self.subject, self.plan)
        async with self._places:
            try:
                known = await self._look_up(finding.path, nearest)
                verdict = await verification.verify(*given, known, self._turns, finding)
            except ForgehandError:  # its own step meets this again, and says so
                return
        if not verdict.short:
            self.verdicts[name] = verdict

    async def _look_up(self, path: str, nearest: NearestTests) -> background.Background:
        async with self._looking:
            if self._checks is None:
                self._checks = await background.list_failed_checks(self.review, self.plan)
        known = await background.gather(self.review, self.plan, [path], self._checks)
        return known.model_copy(update={"results": nearest_tests.write_results(nearest)})
