"""Find out by running why a head is red. A model is never asked."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from typing import Any

from bot.change.quarantined import describe, find_named, read_live
from bot.change.recipe import Job
from bot.change.records import Baseline
from bot.change.stages import Stage
from bot.ci_logs import make_fingerprint, read_lines
from bot.git.changes import Changes
from bot.quarantine.entries import Entry, find_entry
from bot.sandbox.port import CommandResult, Limits
from bot.toolchains.lock_files import LockTool, get_tool
from bot.toolchains.port import ToolchainError, Verdict
from handlers.heal.locks import find_lock
from handlers.heal.records import Diagnosis, FailedCommand, HealBrief, SeenCommand
from handlers.revise.failed_checks import BAD, find_trouble, list_failing, name_tests, select_ours

AGAIN = 2
# what a shell says where there is no such program
_MISSING = (126, 127)
_SHOWN = 6_000
# a shorter line of output stands in any log
_TELLING = 12
_CHANGED_NOTHING = "I changed nothing."


async def diagnose(job: Job[Any], brief: HealBrief, base: Baseline) -> Diagnosis:
    """Run what failed on the head, again, and where it was green."""
    await job.stage(Stage.PROVE, "started")
    locked = await find_lock(job, brief)
    if locked is not None and locked.lock is not None:
        commands = await _see_lock(job, brief, get_tool(locked.lock))
        locked = locked.model_copy(update={"commands": commands})
    if locked is not None:
        await job.stage(Stage.PROVE, "done" if locked.kind == "ours" else "failed", locked.sentence[:300])
        return locked
    commands = tuple([await _see(job, brief, one.shown, one.command) for one in brief.red if one.command is not None])
    excused = await _list_excused(job, brief, list_failing(base))
    failing = [name for name in list_failing(base) if find_entry(excused, name) is None]
    # A command that says no more than what is in quarantine has nothing to mend.
    told = tuple(one for one in commands if not find_named(excused, one.output))
    found = await (_judge_tests(job, brief, base, failing, commands) if failing else _judge_commands(job, brief, told))
    if found is None and excused:
        found = Diagnosis(kind="flaky", sentence=f"Flaky: nothing else fails here. {_CHANGED_NOTHING}")
    if found is None:
        found = await _explain_passing(job, brief, base, commands)
    if excused:
        said = " ".join([found.sentence, *map(describe, excused)])
        found = found.model_copy(update={"sentence": said})
    await job.stage(Stage.PROVE, "done" if found.kind == "ours" else "failed", found.sentence[:300])
    return found


async def _see_lock(job: Job[Any], brief: HealBrief, tool: LockTool) -> tuple[SeenCommand, ...]:
    """Run CI's commands; return those that say of the lock file what CI said.

    Most need the network for it: they are judged by their tool's own look alone.
    """
    seen = []
    for one in brief.red:
        if one.command is None or not one.command.text:
            continue
        result, failed = await run_command(job, brief.base_sha, one.command, Changes())
        if failed and tool.said.search(result.output):
            seen.append(_describe(one.shown, one.command, result).model_copy(update={"failed": True, "ours": True}))
    return tuple(seen)


async def _list_excused(job: Job[Any], brief: HealBrief, failing: Sequence[str]) -> list[Entry]:
    """Return the quarantine's entries for what fails on the head."""
    entries = await read_live(job, brief.base_sha) if failing else ()
    found = (find_entry(entries, name) for name in failing)
    return list(dict.fromkeys(entry for entry in found if entry is not None))


async def _judge_tests(
    job: Job[Any], brief: HealBrief, base: Baseline, failing: Sequence[str], commands: tuple[SeenCommand, ...]
) -> Diagnosis:
    """Judge failing tests by more runs, and by where it was green."""
    short = brief.base_sha[:10]
    runs = [await _verdicts(job, brief.base_sha, base, failing) for _ in range(AGAIN)]
    steady = [name for name in failing if all(run.get(name) in BAD for run in runs)]
    if not steady:
        said = (
            f"Flaky: {name_tests(failing)} failed here on {short} and passed when run again, on one and the same tree."
        )
        return Diagnosis(kind="flaky", sentence=f"{said} {_CHANGED_NOTHING}")
    if brief.good_sha:
        ours = await select_ours(job, steady, brief.good_sha)
        if not ours:
            return Diagnosis(kind="base", sentence=f"{_tell_base(brief, name_tests(steady))} {_CHANGED_NOTHING}")
        where = f"and not on {brief.good_sha[:10]}, where CI was green" if brief.pull is None else "and not on its base"
        said = f"{name_tests(ours)} failed on {short}, {AGAIN + 1} of {AGAIN + 1} runs, {where}."
        return Diagnosis(kind="ours", sentence=said, tests=tuple(ours), commands=_ours(commands))
    said = f"{name_tests(steady)} failed on {short}, {AGAIN + 1} of {AGAIN + 1} runs. No earlier green run is known."
    return Diagnosis(kind="ours", sentence=said, tests=tuple(steady), commands=_ours(commands))


def _tell_base(brief: HealBrief, what: str) -> str:
    if brief.pull is not None:
        return (
            f"Base: {what} failed just the same on {brief.good_sha[:10]} of the base branch, without this pull request."
        )
    return (
        f"Base: {what} failed here just the same on {brief.good_sha[:10]}, where CI was green. So it is no commit "
        "since then: what CI or this sandbox installs has changed, or the two differ."
    )


async def _verdicts(job: Job[Any], sha: str, base: Baseline, failing: Sequence[str]) -> dict[str, Verdict]:
    files = tuple(dict.fromkeys(name.partition("::")[0] for name in failing))
    targets = files if all("::" in name for name in failing) else base.targets
    workshop = job.workshop(sha)
    await workshop.renew()
    return (await workshop.test(Changes(), targets)).verdicts()


async def _judge_commands(job: Job[Any], brief: HealBrief, commands: Sequence[SeenCommand]) -> Diagnosis | None:
    """Judge CI's commands where no test fails; None where all pass too."""
    failed = [one for one in commands if one.failed]
    short = brief.base_sha[:10]
    if not failed:
        return None
    ours = _ours(failed)
    if not ours:
        return Diagnosis(kind="unknown", sentence=f"Unknown: {failed[0].why} {_CHANGED_NOTHING}")
    again = [await _see(job, brief, one.job, one.command) for one in ours]
    if not all(one.failed for one in again):
        said = f"Flaky: `{_first_line(ours[0])}` failed here on {short} and passed when run again."
        return Diagnosis(kind="flaky", sentence=f"{said} {_CHANGED_NOTHING}")
    named = ", ".join(f"`{_first_line(one)}`" for one in ours)
    return Diagnosis(
        kind="ours", sentence=f"{named} fails on {short} in the sandbox as well. {ours[0].why}", commands=ours
    )


async def _explain_passing(
    job: Job[Any], brief: HealBrief, base: Baseline, commands: Sequence[SeenCommand]
) -> Diagnosis:
    """Say why CI may be red where all that can be run here passes."""
    ran = f"`{_first_line(commands[0])}` and the tests" if commands else "the tests"
    passed = f"here {ran} pass on {brief.base_sha[:10]} ({base.scope})"
    said = "\n".join(one.said for one in brief.red)
    if brief.passed_too:
        told = f"Flaky: CI both failed and passed on this very commit, and {passed}."
        return Diagnosis(kind="flaky", sentence=f"{told} {_CHANGED_NOTHING} `/flaky` looks closer.")
    words = find_trouble(said)
    if words:
        told = f"Infrastructure: {passed}, and CI's log speaks of its machine or network (“{words}”)."
        return Diagnosis(kind="infrastructure", sentence=f"{told} {_CHANGED_NOTHING} `/rerun` runs it once more.")
    again = await _verdicts(job, brief.base_sha, base, [])
    lost = [name for name in base.passing() if again.get(name) in BAD]
    if lost:
        told = f"Flaky: {name_tests(lost)} passed and failed here on one and the same tree."
        return Diagnosis(kind="flaky", sentence=f"{told} {_CHANGED_NOTHING}")
    why = next((f" CI's own command could not be run here: {one.why_not}." for one in brief.red if one.why_not), "")
    return Diagnosis(
        kind="unknown",
        sentence=f"Unknown: {passed}, so I could not reproduce what CI saw: it is flaky, or it depends on CI's own "
        f"set-up.{why} {_CHANGED_NOTHING}",
    )


async def _see(job: Job[Any], brief: HealBrief, name: str, command: FailedCommand) -> SeenCommand:
    """Run one of CI's commands on the head, and where it was green."""
    result, failed = await run_command(job, brief.base_sha, command, Changes())
    seen = _describe(name, command, result).model_copy(update={"failed": failed})
    if not failed:
        return seen
    if result.exit_code in _MISSING or result.ended != "exit":
        why = f"`{_first_line(seen)}` cannot be run here: {_last_line(result.output)}"
        return seen.model_copy(update={"why": why})
    said = "\n".join(one.said for one in brief.red if one.shown == name)
    if _shares_line(result.output, said):
        same = await asyncio.to_thread(has_cause_of, result.output, said)
        return seen.model_copy(update={"ours": True, "same": same, "why": "It says here what it said in CI."})
    if not brief.good_sha:
        return seen.model_copy(update={"why": f"`{_first_line(seen)}` fails here, but not with what CI's log says."})
    return seen.model_copy(update=await _compare(job, brief, seen))


def _describe(name: str, command: FailedCommand, result: CommandResult) -> SeenCommand:
    return SeenCommand(
        job=name,
        command=command,
        exit_code=result.exit_code,
        ended=result.ended,
        output=result.output[-_SHOWN:],
        failed=False,
    )


async def _compare(job: Job[Any], brief: HealBrief, seen: SeenCommand) -> dict[str, Any]:
    """Run a failing command where it was green: there it must pass."""
    short = brief.good_sha[:10]
    try:
        await job.workshop(brief.good_sha).ready()
        _, failed = await run_command(job, brief.good_sha, seen.command, Changes())
    except ToolchainError:
        failed = True
    if failed:
        return {
            "why": f"`{_first_line(seen)}` fails here on {short} as well, where CI was green: it needs CI's set-up."
        }
    return {"ours": True, "why": f"It passes on {short}."}


async def run_command(job: Job[Any], sha: str, command: FailedCommand, changes: Changes) -> tuple[CommandResult, bool]:
    """Run one of CI's commands on a tree; return whether it failed."""
    seconds = job.policy.checks.minutes * 60
    result, written = await write_with(job, sha, script(command), changes, seconds)
    return result, not result.ok or (command.clean and written != changes)


async def write_with(
    job: Job[Any], sha: str, line: str, changes: Changes, seconds: float, near: str = ""
) -> tuple[CommandResult, Changes]:
    """Run a shell line where the tests of a file run; add what it wrote."""
    mirror = await job.mirror(sha)
    tracked = [entry.path for entry in await mirror.entries(sha) if entry.kind != "link"]
    workshop = job.workshop(sha)
    await workshop.ready()
    return await workshop.make(line, changes, Limits(seconds=seconds), tracked, near)


def script(command: FailedCommand, text: str = "") -> str:
    """Return the shell line that runs a command as Actions does."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in command.env.items()]
    lines += [f"cd {shlex.quote(command.folder)}"] if command.folder not in ("", ".") else []
    return f"bash -e -c {shlex.quote(chr(10).join([*lines, text or command.text]))}"


def _ours(commands: Sequence[SeenCommand]) -> tuple[SeenCommand, ...]:
    return tuple(one for one in commands if one.failed and one.ours)


def _shares_line(output: str, said: str) -> bool:
    """Say whether a telling line of the output stands in CI's log."""
    shown = {" ".join(line.split()) for line in said.splitlines()}
    lines = (" ".join(line.split()) for line in output.splitlines()[-200:])
    return any(len(line) >= _TELLING and line in shown for line in lines)


def has_cause_of(output: str, said: str) -> bool:
    """Say whether CI's log tells the cause that the output tells.

    Then it tells all that the output would show.
    """
    cause = make_fingerprint(read_lines(output))
    return bool(cause) and cause == make_fingerprint(read_lines(said))


def _first_line(seen: SeenCommand) -> str:
    return seen.command.text.partition("\n")[0][:120].replace("`", "'")


def _last_line(output: str) -> str:
    return next((line.strip()[:200] for line in reversed(output.splitlines()) if line.strip()), "it says nothing")
