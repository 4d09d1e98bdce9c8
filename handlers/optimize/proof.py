"""Have a benchmark written before any edit, and vet it on the unchanged code."""

from __future__ import annotations

import re
from typing import Any

from bot.benchmarking.benchmark_file import find_target, names_target, read_target_name
from bot.benchmarking.records import Benchmark, BenchmarkError
from bot.benchmarking.vetting import calibrate, check_null, check_profile
from bot.change.conversation import add_message, hand_on, render_system
from bot.change.recipe import AnyEvidence, Job, ProofResult
from bot.change.records import Baseline, Brief, CodeLocation
from bot.change.stages import Stage
from bot.engine.port import Ctx
from bot.git.changes import Changes
from bot.models.port import Message
from bot.toolchains.port import UNMEASURED
from bot.types import JsonModel
from bot.work.loop import LoopLimits, work
from bot.work.prompts import render
from bot.work.records import Work
from bot.work.toolset import Hands, explain_protection
from handlers.optimize.gates import describe_ratio
from handlers.optimize.records import Vetted
from handlers.optimize.sides import lay_side

_ROUNDS = 3
_LIMITS = LoopLimits(turns=25)
_NAME = re.compile(r"(?:.*/)?bench_\w+\.py")
# words that name code: a path, a dotted name, a name with an underscore
_CODE = re.compile(r"\w[./:_]+\w")
_UNTESTED = (
    "No test of this repository passes here, so nothing would show that a faster version still does the same. Have "
    "tests first, for example by `/test`, then ask again."
)


class Vetting(JsonModel):
    """A benchmark that can be used, or in words why there is none."""

    vetted: Vetted | None = None
    problem: str = ""


class BenchmarkFirst:
    """A prover that wants a benchmark of the target which tells no tree apart."""

    async def prove(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> ProofResult:
        """Loop until a benchmark can be used; the edit goes on from there."""
        brief = evidence.brief
        obstacle = await ctx.step("measurable", find_obstacle, job, brief, evidence.baseline)
        if obstacle:
            return ProofResult(note=obstacle, ended=True)
        prompt = await ctx.step("prove-prompt", write_opening, job, evidence, found)
        system = render_system(job, brief, found)
        state = Work(messages=(Message(role="user", text=prompt),))
        hands = _hands(job, brief)
        problem = ""
        for attempt in range(_ROUNDS):
            state = await work(ctx, f"prove-{attempt}", system, state, hands, _LIMITS)
            if state.ended != "finished":
                handed = await hand_on(ctx, job, f"prove-{attempt}-next", brief, state)
                if handed is not None:
                    state, problem = handed, state.summary
                    continue
                return ProofResult(note=f"There is no benchmark: {state.summary}.", ended=True)
            vetting = await ctx.step(f"prove-{attempt}-vet", vet, job, brief, state.changes, interruptible=True)
            if vetting.vetted is not None:
                return ProofResult(messages=state.messages, fields={"vetted": vetting.vetted}, tries=state.tries)
            problem = vetting.problem
            state = add_message(state, brief, "That benchmark cannot be used.", problem)
        return ProofResult(note=f"There is no benchmark that can be used. {problem}", ended=True)


async def find_obstacle(job: Job[Any], brief: Brief, baseline: Baseline | None) -> str:
    """Say why nothing can be measured or shown here, before a model is asked."""
    language = job.workshop(brief.base_sha).toolchain().name
    if "python" not in language:
        return UNMEASURED.format(language)
    return "" if baseline is not None and baseline.passing() else _UNTESTED


async def write_opening(job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> str:
    """Render the first message: what to speed up, and what a benchmark is."""
    await job.stage(Stage.PROVE, "started")
    return render(f"{job.recipe.prompts}/prove.md.j2", brief=evidence.brief, found=found, baseline=evidence.baseline)


def _hands(job: Job[Any], brief: Brief) -> Hands:
    def may_edit(path: str) -> str | None:
        if not _NAME.fullmatch(path):
            return "now only the benchmark may be written, a new file with a name like `bench_parse.py`."
        return explain_protection(job, brief.base_sha, path)

    async def check(changes: Changes) -> str:
        try:
            benchmark, _ = await _calibrate(job, brief, changes)
        except BenchmarkError as error:
            return error.message
        return f"The benchmark of {benchmark.target} runs; {benchmark.count} inputs a process make enough work."

    return Hands(job, brief.base_sha, brief.nonce, may_edit, check)


async def vet(job: Job[Any], brief: Brief, changes: Changes) -> Vetting:
    """Run the benchmark on the base, profiled and against itself."""
    try:
        benchmark, text = await _calibrate(job, brief, changes)
        workshop = job.workshop(brief.base_sha)
        base = await lay_side(workshop, "base", changes)
        seen = await check_profile(base, benchmark)
        null = await check_null(base, await lay_side(workshop, "change", changes), benchmark)
    except BenchmarkError as error:
        await job.stage(Stage.PROVE, "started", error.message[:300])
        return Vetting(problem=error.message)
    said = f"{benchmark.target}: {null.base_seconds:.3f} s; against itself {describe_ratio(null.work)}"
    await job.stage(Stage.PROVE, "done", said)
    return Vetting(vetted=Vetted(benchmark=benchmark, text=text, seen=seen, null=null))


async def _calibrate(job: Job[Any], brief: Brief, changes: Changes) -> tuple[Benchmark, str]:
    """Read the benchmark that was written, and find how many inputs it takes."""
    mirror = await job.mirror(brief.base_sha)
    written = [(path, text) for path, text in changes.files.items() if text is not None]
    if len(written) != 1 or len(changes.files) != 1:
        raise BenchmarkError("Write the benchmark as one new file, and nothing else.")
    path, text = written[0]
    if await mirror.exists(brief.base_sha, path):
        raise BenchmarkError(f"`{path}` exists already; the benchmark must be a new file.")
    where, name = read_target_name(text)
    source = await mirror.read(brief.base_sha, where)
    if source is None or job.workshop(brief.base_sha).toolchain().is_test(where):
        raise BenchmarkError(f"TARGET must lie in a module of the product, and `{where}` is none.")
    target = find_target(where, name, source)
    asked = named_code(brief.asked)
    if asked and not names_target(asked, target):
        raise BenchmarkError(f"Asked for was `{asked}`, and TARGET is {target}.")
    base = await lay_side(job.workshop(brief.base_sha), "base", changes)
    return await calibrate(base, Benchmark(path=path, target=target)), text


def named_code(asked: str) -> str:
    """Return the code that was named behind the command, "" for other words."""
    first, *others = asked.split() or [""]
    named = first.strip("`.,:")
    return named if not others or _CODE.search(named) else ""
