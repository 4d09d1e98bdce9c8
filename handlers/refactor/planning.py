"""Have a model name what it will refactor; code checks that it is there, and measures it."""

from __future__ import annotations

import re
from typing import Any

from bot.change.conversation import render_system
from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Brief, CodeLocation
from bot.change.stages import Stage
from bot.codemod.rename import Codemod
from bot.codemod.target import CannotRename, Rename
from bot.models.port import Tool
from bot.models.structured import STRING, array_of, closed_object
from bot.surface.functions import read_functions
from bot.surface.measures import Measure, measure
from bot.types import JsonModel
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from handlers.refactor.records import Goal, Plan
from handlers.refactor.sources import read_texts

_TURNS = 12
_SAID = 600
PLAN = Tool(
    name="plan",
    description="Say what will be refactored; it ends your look at the code.",
    parameters=closed_object(
        functions=array_of(STRING),
        measure={"type": "string", "enum": [*Measure]},
        measured=STRING,
        old=STRING,
        new=STRING,
        why=STRING,
    ),
)


class Planned(JsonModel):
    """A plan that holds, or in words what is wrong with it."""

    plan: Plan | None = None
    problem: str = ""


async def make_plan(job: Job[Any], evidence: AnyEvidence, found: CodeLocation, step: str, problem: str) -> Planned:
    """Ask for a plan and check it; ``problem``: what was wrong with the last."""
    await job.stage(Stage.PROVE, "started")
    brief = evidence.brief
    prompt = render("refactor/plan.md.j2", brief=brief, found=found, problem=problem)
    inquiry = Inquiry(job, step, "fix", render_system(job, brief, found), brief.base_sha, PLAN, turns=_TURNS)
    answer = await inquiry.ask(prompt)
    if answer.arguments is None:
        return Planned(problem=f"There is no plan: {answer.problem}.")
    said = {name: value for name, value in answer.arguments.items() if name != "functions"}
    texts = {key: " ".join(str(value).split()) for key, value in said.items()}
    if texts["old"] or texts["new"]:
        return await _plan_rename(job, brief, Rename(old=texts["old"], new=texts["new"]), texts["why"][:_SAID])
    functions = [str(name) for name in answer.arguments["functions"]]
    return await _plan_edit(job, brief, functions, texts)


async def _plan_rename(job: Job[Any], brief: Brief, wanted: Rename, why: str) -> Planned:
    """Check that a rename can be made, and that it was asked for."""
    request = "\n".join((brief.title, brief.body, brief.asked))
    for name in (wanted.old, wanted.new):
        if not re.search(rf"(?<!\w){re.escape(name.rpartition('.')[2])}(?!\w)", request):
            return Planned(problem=f"The request does not name `{name}`: only a rename that was asked for is made.")
    try:
        Codemod(await read_texts(job, brief.base_sha, ("",)), wanted)
    except CannotRename as error:
        return Planned(problem=error.message)
    await job.stage(Stage.PROVE, "done", f"renames {wanted.old} to {wanted.new}")
    return Planned(plan=Plan(rename=wanted, why=why))


async def _plan_edit(job: Job[Any], brief: Brief, functions: list[str], said: dict[str, str]) -> Planned:
    """Check that the functions are there, and measure what shall be less."""
    toolchain = job.workshop(brief.base_sha).toolchain()
    texts = await read_texts(job, brief.base_sha)
    named: dict[str, tuple[str, ...]] = {}
    for function in functions:
        path, _, name = function.partition("::")
        if name not in read_functions(texts.get(path, "")) or toolchain.is_test(path):
            return Planned(
                problem=f"`{function}` is no function of the product's Python code; write `path.py::Class.name`."
            )
        named[path] = (*named.get(path, ()), name)
    if not named:
        return Planned(problem="Name the functions whose code will change or move, each as `path.py::Class.name`.")
    path, _, function = said["measured"].partition("::")
    what = Measure(said["measure"])
    measured = {one: texts.get(one, "") for one in ([path] if path else named)}
    before = measure(measured, what, function)
    if not before:
        problem = (
            f"`{what}` of `{said['measured']}` is no figure that can be lessened; name a planned function, or a file."
        )
        return Planned(problem=problem)
    goal = Goal(measure=what, function=function, path=path, paths=tuple(named), before=before)
    return Planned(plan=Plan(functions=named, goal=goal, why=said["why"][:_SAID]))
