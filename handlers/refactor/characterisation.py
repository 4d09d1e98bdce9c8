"""Plan the refactoring, and have tests written first where none runs the functions."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bot.change.conversation import add_message, hand_on, render_system
from bot.change.proof_rules import RUNS
from bot.change.recipe import AnyEvidence, Job, ProofResult
from bot.change.records import Baseline, Brief, Claims, CodeLocation
from bot.change.stages import Stage
from bot.engine.port import Ctx
from bot.git.changes import NO_CHANGES, Changes
from bot.markdown import counted
from bot.models.port import Message
from bot.toolchains.port import UNMEASURED, Verdict
from bot.types import JsonModel
from bot.work.loop import LoopLimits, work
from bot.work.prompts import render
from bot.work.records import Work
from bot.work.toolset import Hands, explain_protection, show_run
from handlers.refactor import coverage
from handlers.refactor.planning import make_plan
from handlers.refactor.records import Plan
from handlers.refactor.renaming import Made, make_rename
from handlers.refactor.sources import read_texts

_ROUNDS = 3
_LIMITS = LoopLimits(turns=25)


class Seen(JsonModel):
    """State of the planned functions: what of them no test runs."""

    untouched: tuple[str, ...] = ()  # functions
    unrun: dict[str, tuple[int, ...]] = Field(default={})  # lines by path
    problem: str = ""

    def describe(self) -> str:
        """List the lines that no test runs."""
        return "\n".join(f"{path}: lines {', '.join(map(str, lines))}" for path, lines in self.unrun.items())


class Written(JsonModel):
    """Tests that hold on the base, or in words why they do not."""

    verdicts: dict[str, Verdict] = Field(default={})
    seen: Seen = Seen()
    problem: str = ""


class CharacterisedFirst:
    """A prover that wants every function run by tests before it is touched."""

    async def prove(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> ProofResult:
        """Plan, then rename, or characterise what the tests do not run."""
        language = job.workshop(evidence.brief.base_sha).toolchain().name
        if "python" not in language:
            return ProofResult(note=UNMEASURED.format(language), ended=True)
        problem = ""
        for attempt in range(_ROUNDS):
            step = f"plan-{attempt}"
            planned = await ctx.step(step, make_plan, job, evidence, found, step, problem, interruptible=True)
            if planned.plan is not None:
                break
            problem = planned.problem
        else:
            return ProofResult(note=f"There is no plan that holds. {problem}", ended=True)
        if planned.plan.rename is not None:
            return await self._rename(ctx, job, evidence.brief, planned.plan)
        return await self._characterise(ctx, job, evidence, found, planned.plan)

    async def _rename(self, ctx: Ctx, job: Job[Any], brief: Brief, plan: Plan) -> ProofResult:
        made = await ctx.step("rename", rename, job, brief, plan, interruptible=True)
        if made.problem:
            return ProofResult(note=made.problem, ended=True)
        return ProofResult(fields={"plan": plan, "made": made.changes, "claims": Claims(cause=plan.why)})

    async def _characterise(
        self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation, plan: Plan
    ) -> ProofResult:
        """Loop until tests that hold on the base run every planned function."""
        brief = evidence.brief
        seen = await ctx.step("seen", see, job, evidence, plan, NO_CHANGES, interruptible=True)
        if seen.problem:
            return ProofResult(note=seen.problem, ended=True)
        text = render(
            "refactor/prove.md.j2", brief=brief, found=found, plan=plan, seen=seen, baseline=evidence.baseline
        )
        state = Work(messages=(Message(role="user", text=text),))
        if not seen.unrun:
            return ProofResult(messages=state.messages, fields={"plan": plan})
        system = render_system(job, brief, found)
        problem = ""
        for attempt in range(_ROUNDS):
            state = await work(ctx, f"prove-{attempt}", system, state, _hands(job, brief), _LIMITS)
            if state.ended != "finished":
                handed = await hand_on(ctx, job, f"prove-{attempt}-next", brief, state)
                if handed is not None:
                    state, problem = handed, state.summary
                    continue
                return ProofResult(note=f"No tests were written first: {state.summary}.", ended=True)
            step = f"prove-{attempt}-check"
            written = await ctx.step(step, check_tests, job, evidence, plan, state.changes, interruptible=True)
            if not written.problem:
                fields = {"plan": plan, "written": state.changes, "baseline": _extend(evidence.baseline, written)}
                return ProofResult(messages=state.messages, fields=fields, tries=state.tries)
            problem = written.problem
            state = add_message(state, brief, "The functions are not characterised yet.", problem)
        return ProofResult(note=f"The functions could not be characterised. {problem}", ended=True)


async def rename(job: Job[Any], brief: Brief, plan: Plan) -> Made:
    """Make the planned rename on the base."""
    assert plan.rename is not None, "this plan is a rename"
    made = await make_rename(job, brief.base_sha, plan.rename)
    told = made.problem or f"{plan.rename.old} is {plan.rename.new} in {counted(len(made.changes.files), 'file')}"
    await job.stage(Stage.PROVE, "failed" if made.problem else "done", told[:300])
    return made


async def see(job: Job[Any], evidence: AnyEvidence, plan: Plan, changes: Changes) -> Seen:
    """Look which statements of the planned functions the tests run."""
    sha = evidence.brief.base_sha
    found = await coverage.survey(job, evidence, sha, changes, plan.functions, mutants=False)
    texts = await read_texts(job, sha, (".py",))
    unrun = coverage.list_unrun(texts, plan.functions, found)
    untouched = coverage.list_untouched(texts, plan.functions, found)
    names = sum(map(len, plan.functions.values()))
    told = f"{counted(names, 'function')}, {len(untouched)} of them run by no test"
    await job.stage(Stage.PROVE, "started" if unrun else "done", told)
    lines = {path: tuple(sorted(numbers)) for path, numbers in unrun.items()}
    return Seen(untouched=tuple(untouched), unrun=lines, problem=found.problem if not found.tests else "")


async def check_tests(job: Job[Any], evidence: AnyEvidence, plan: Plan, changes: Changes) -> Written:
    """Run new tests three times on the base, and look what they run."""
    sha = evidence.brief.base_sha
    workshop = job.workshop(sha)
    mirror = await job.mirror(sha)
    existing = [path for path in sorted(changes.files) if await mirror.exists(sha, path)]
    if existing:
        return Written(problem=f"Write new files; {', '.join(existing)} exists already.")
    verdicts: dict[str, Verdict] = {}
    if targets := workshop.toolchain().targets(sorted(changes.files)):
        await workshop.renew()
        for run in [await workshop.test(changes, targets) for _ in range(RUNS)]:
            verdicts |= run.verdicts()
            bad = [case.id for case in run.cases if case.verdict != "passed"]
            if bad or not run.complete or not run.cases:
                return Written(
                    problem=show_run(f"Each new test must pass, {RUNS} of {RUNS}, on the unchanged code", run)
                )
    seen = await see(job, evidence, plan, changes)
    if seen.untouched:
        return Written(problem=f"No test runs {', '.join(seen.untouched)}.\n{seen.problem}")
    await job.stage(
        Stage.PROVE, "done", f"{counted(len(verdicts), 'new test')} on the unchanged code, {RUNS} of {RUNS}"
    )
    return Written(verdicts=verdicts, seen=seen)


def _extend(base: Baseline | None, written: Written) -> Baseline | None:
    """Return the baseline with the new tests, whose verdicts must stay."""
    if base is None or not written.verdicts:
        return base
    targets = (*base.targets, *dict.fromkeys(name.partition("::")[0] for name in written.verdicts))
    update = {"verdicts": {**base.verdicts, **written.verdicts}, "targets": targets if base.targets else ()}
    return base.model_copy(update=update)


def _hands(job: Job[Any], brief: Brief) -> Hands:
    def may_edit(path: str) -> str | None:
        toolchain = job.workshop(brief.base_sha).toolchain()
        if toolchain.is_test_config(path) or not toolchain.is_test(path):
            return "now only new test files may be written; the refactoring comes later."
        return explain_protection(job, brief.base_sha, path)

    async def run_new(changes: Changes) -> str:
        targets = job.workshop(brief.base_sha).toolchain().targets(sorted(changes.files))
        return show_run("Your tests on the unchanged code", await job.workshop(brief.base_sha).test(changes, targets))

    return Hands(job, brief.base_sha, brief.nonce, may_edit, run_new)
