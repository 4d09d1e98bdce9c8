"""Ask another model about a change that passed all gates, and about each sentence its author says of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Claims, Judgement
from bot.change.stages import Stage
from bot.models.port import ModelError, Tool
from bot.models.structured import BOOLEAN, INTEGER, STRING, array_of, closed_object
from bot.work.failures import cut_middle, list_messages
from bot.work.inquiry import Inquiry
from bot.work.prompts import render

_MAX_DIFF = 60_000
# looking things up costs a turn; a judge that needs more than this is not checking any more
_TURNS = 8
_MOST_NAMED = 10
# a shorter quote stands in any diff
_SHORTEST_QUOTE = 8
# up to a mark, with the signs that close behind it, or to the end of the line
_SENTENCE = re.compile(r".+?(?:[.!?…][\"'”’)\]`*_]*(?=\s|$)|[。！？]|$)")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|approx|resp)\.$", re.I)
# a line that only wraps: what follows is neither an item of a list nor a paragraph
_WRAP = re.compile(r"\n(?!\s*(?:[-*+•]|\d+[.)])\s|\s*\n)")
_SENTENCES = array_of(closed_object(number=INTEGER, supported=BOOLEAN, quote=STRING))


# what a comment can quote of one answer
_SAID = 1_000
_APPROVAL = {"passed": BOOLEAN, "reason": STRING}
Judge = Callable[[Job[Any], AnyEvidence, str], Awaitable[Judgement]]


class Verdict(NamedTuple):
    """The judge's arguments, and the sentences that something shows."""

    model: str
    answer: dict[str, Any]
    supported: Claims


async def ask_judge(
    job: Job[Any], evidence: AnyEvidence, step: str, system: str, properties: dict[str, Any]
) -> Verdict:
    """Show request, diff and what ran to a model that may look at code.

    ``properties`` is the schema of its answer. Raises :class:`bot.models.port.ModelError`, also where it comes to no
    answer: then nothing is published.
    """
    await job.stage(Stage.JUDGE, "started")
    report = evidence.report
    assert report is not None, "only a change that passed the gates is judged"
    mirror = await job.mirror(report.base_sha)
    diff = (await mirror.diff(report.base_sha, report.changes))[:_MAX_DIFF]
    ran = what_ran(evidence)
    sentences = [*split(evidence.claims.cause), *split(evidence.claims.change)]
    prompt = render(
        f"{job.recipe.prompts}/judge.md.j2",
        brief=evidence.brief,
        diff=diff,
        ran=ran,
        sentences="\n".join(f"{number}. {text}" for number, text in enumerate(sentences, 1)),
    )
    answer = Tool(
        name="verdict",
        description="Give your verdict; it ends your work.",
        parameters=closed_object(**properties, sentences=_SENTENCES),
    )
    inquiry = Inquiry(job, step, "review", system, report.base_sha, answer, turns=_TURNS, changes=report.changes)
    said = await inquiry.ask(prompt)
    if said.arguments is None:
        raise ModelError(f"The judge of the change reached no verdict: {said.problem}")
    texts = [text for text in report.changes.files.values() if text]
    shown = _flatten("\n".join([diff, ran, *texts]))
    rows = said.arguments["sentences"]
    supported = _find_supported(rows if isinstance(rows, list) else [], shown)
    return Verdict(said.model, said.arguments, _keep_supported(evidence.claims, supported))


def make_judge(system: str) -> Judge:
    """Make a judge that passes what a second model does not object to.

    ``system`` says who the model is; the question is the recipe's own prompt.
    """

    async def judge(job: Job[Any], evidence: AnyEvidence, step: str) -> Judgement:
        verdict = await ask_judge(job, evidence, step, system, _APPROVAL)
        passed = verdict.answer["passed"] is True
        reason = str(verdict.answer["reason"]).strip()[:_SAID] or "it gave no reason"
        objection = "" if passed else f"A reviewing model objects: {reason}"
        await job.stage(Stage.JUDGE, "done" if passed else "failed", objection[:300])
        return Judgement(model=verdict.model, passed=passed, objection=objection, supported=verdict.supported)

    return judge


async def ask_nobody(_job: Job[Any], _evidence: AnyEvidence, _step: str) -> Judgement:
    """Pass what a program made and the gates have judged."""
    return Judgement(model="", passed=True)


def what_ran(evidence: AnyEvidence) -> str:
    """Say what the program ran before and after the change."""
    base = evidence.baseline
    proof = evidence.proof
    report = evidence.report
    lines = []
    if proof is not None:
        lines.append(f"Before the change `{proof.command}` failed, {proof.runs} of {proof.runs} times:")
        messages = list_messages([(failure.test, cut_middle(failure.message, 600)) for failure in proof.failures])
        lines += [f"- {one.test}: {text}" for one, text in zip(proof.failures, messages, strict=True)]
        # of tests that failed before anybody wrote one, the check's own text is shown beside this
        lines += [] if proof.failures else [f"- {name}" for name in proof.tests[:_MOST_NAMED]]
    if base is not None:
        lines.append(f"The baseline was {base.scope}: `{base.command}`")
    for gate in report.gates if report is not None else ():
        before = f"{gate.before} before, " if gate.before else ""
        lines.append(f"- {gate.name}: {before}{gate.after} after")
    if report is not None and report.flaky:
        lines.append(f"Failed once and passed when run again: {', '.join(report.flaky[:10])}")
    return "\n".join(lines) if evidence.brief.runs else "Nothing: code of a fork is not run here."


def split(text: str) -> list[str]:
    """Cut a text into its sentences.

    An item of a list is one, however it ends; a small letter may begin one ("it also runs on Windows").
    """
    found: list[str] = []
    for line in _WRAP.sub(" ", text.strip()).split("\n"):
        pieces: list[str] = []
        for piece in _SENTENCE.findall(line):
            if pieces and _ABBREVIATED.search(pieces[-1]):
                pieces[-1] += piece
            else:
                pieces.append(piece)
        found += [piece.strip() for piece in pieces if piece.strip()]
    return found


def _find_supported(rows: list[Any], shown: str) -> frozenset[int]:
    """Return the numbers of sentences that a quote of what was shown supports."""
    # of several answers to one sentence the worst counts
    said = [row for row in rows if isinstance(row, dict) and isinstance(row.get("number"), int)]
    good = {row["number"] for row in said if _is_supported(row, shown)}
    return frozenset(good - {row["number"] for row in said if not _is_supported(row, shown)})


def _is_supported(row: dict[str, Any], shown: str) -> bool:
    quote = _flatten(str(row.get("quote", "")))
    return len(quote) >= _SHORTEST_QUOTE and row.get("supported") is True and quote in shown


def _flatten(text: str) -> str:
    """Strip a diff's signs from lines and make blanks equal."""
    return " ".join(" ".join(line[1:] if line[:1] in "+-" else line for line in text.splitlines()).split())


def _keep_supported(claims: Claims, supported: frozenset[int]) -> Claims:
    cause = split(claims.cause)
    change = split(claims.change)
    return Claims(
        cause=" ".join(text for number, text in enumerate(cause, 1) if number in supported),
        change=" ".join(text for number, text in enumerate(change, len(cause) + 1) if number in supported),
    )
