"""The tools a model has in the loop. Whatever it asks, paths, verbs and limits are checked here, by code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.edits import Edit, EditError, EditRefused, apply, parse
from bot.edits.formats import format_for
from bot.git.changes import Changes
from bot.git.errors import GitError, PathRefused
from bot.models.port import Conversation, Message, Reply, Tool, ToolCall
from bot.sandbox.port import Limits
from bot.toolchains.port import TestCase, TestRun
from bot.work.assignment import Assignment
from bot.work.failures import list_messages
from bot.work.inquiry import LOOKING, RUN, audit_unknown, fault, look, tool
from bot.work.loop import TurnResult
from bot.work.protected_paths import is_protected
from bot.work.untrusted import fence

_RUN_LIMITS = Limits(seconds=120, memory_mb=2048, output_kb=16)
_SHOWN = 6_000
_ALIKE = 40
_SAID = 800
_CHECKING = "Checking."
_REFUSED = "Not finished: an edit in this answer was refused. Fix it first, then call `finish` again."
_OUT_OF_BOUNDS = {"protected", "bad-path"}


FINISH = tool(
    "finish", "Say that you are done; the program then checks.", ["cause"],
    cause="what was wrong or missing, and where (path:line)", change="what the code does now",
)  # fmt: skip


def tools_for(model: str) -> tuple[Tool, ...]:
    """Return all tools; `edit` takes the format of the model's family."""
    instructions = format_for(model).instructions
    edit = tool("edit", f"Change files. {instructions}", ["edits"], edits="the edits, in the format described")
    return (*LOOKING, edit, RUN, FINISH)


Check = Callable[[Changes], Awaitable[str]]
May = Callable[[str], str | None]


@dataclass(frozen=True)
class _Files:
    """The files edits are applied to, on the base and now, and their links."""

    base: dict[str, str | None]
    texts: dict[str, str | None]
    paths: frozenset[str]
    links: frozenset[str]


@dataclass(frozen=True)
class Hands:
    """Bound to one job and one stage of it."""

    job: Assignment[Any]
    base_sha: str
    nonce: str
    may_edit: May  # why a path may not be edited now, or None
    check: Check  # runs after each edit
    may_run: bool = True  # False where code may not run here

    def tools(self, failed: int = 0) -> tuple[Tool, ...]:
        """Return the tools, worded for the model after so many failed tries."""
        model = self.job.choose_model("fix", failed)
        return tuple(tool for tool in tools_for(model) if self.may_run or tool != RUN)

    async def ask(self, step: str, conversation: Conversation, failed: int) -> Reply:
        tools = self.tools(failed)
        return await self.job.ask(step, "fix", conversation, tools=tools, max_output=16_384, failed=failed)

    async def act(self, reply: Reply, changes: Changes) -> TurnResult:
        """Carry out the reply's calls in order, and edits written as text."""
        started = time.monotonic()
        before = changes
        if not reply.tool_calls:
            return await self._act_on_text(reply, changes, started)
        await audit_unknown(self.job, reply.tool_calls, self.tools())
        messages: list[Message] = []
        finished = None
        refused = False
        for call in reply.tool_calls:
            try:
                text, changes = await self._call(call, changes)
            except EditError as error:
                text = str(error)
                refused = True
            if text == _CHECKING and refused:
                text = _REFUSED
            messages.append(Message(role="tool", text=text, tool_call_id=call.id))
            if text == _CHECKING:
                said = (str(call.arguments.get(key, "")) for key in ("cause", "change"))
                finished = "\n".join(" ".join(text.split())[:_SAID] for text in said)
        if changes != before:
            messages[-1] = messages[-1].model_copy(
                update={"text": f"{messages[-1].text}\n\n{await self.check(changes)}"}
            )
        return TurnResult(
            messages=tuple(messages),
            changes=changes,
            finished=finished,
            malformed=all(call.error is not None for call in reply.tool_calls),
            seconds=time.monotonic() - started,
        )

    async def _act_on_text(self, reply: Reply, changes: Changes, started: float) -> TurnResult:
        try:
            _, edited = await self._apply(reply.text, changes)
        except EditError as error:
            note = Message(role="user", text=f"{error}\n\nUse the tools; call `finish` when you are done.")
            return TurnResult(messages=(note,), changes=changes, malformed=True, seconds=time.monotonic() - started)
        note = Message(role="user", text=fence("result", await self.check(edited), nonce=self.nonce))
        return TurnResult(messages=(note,), changes=edited, seconds=time.monotonic() - started)

    async def _call(self, call: ToolCall, changes: Changes) -> tuple[str, Changes]:
        """Return one call's answer and tree, or raise :class:`EditError`."""
        problem = fault(call, self.tools())
        if problem is not None:
            return problem, changes
        if call.name == "edit":
            return await self._apply(str(call.arguments["edits"]), changes)
        if call.name == "run":
            workshop = self.job.workshop(self.base_sha)
            result = await workshop.run(str(call.arguments["command"]), changes, _RUN_LIMITS)
            code = result.exit_code if result.ended == "exit" else result.ended
            return f"exit code {code}, {result.seconds:.1f} s\n{result.output[-_SHOWN:]}", changes
        if call.name == "finish":
            return _CHECKING, changes
        return await look(self.job, self.base_sha, changes, call), changes

    async def _apply(self, text: str, changes: Changes) -> tuple[str, Changes]:
        """Apply all edits of a text or raise :class:`EditError`; audit refusals."""
        try:
            return await self._edit(parse(text), changes)
        except EditRefused as error:
            if error.detail("reason") in _OUT_OF_BOUNDS:
                await self.job.audit(f"edit {error.detail('path')}", allowed=False, reason=error.message[:_SAID])
            raise

    async def _edit(self, edits: Sequence[Edit], changes: Changes) -> tuple[str, Changes]:
        for edit in edits:
            reason = self.may_edit(edit.path)
            if reason is not None:
                raise EditRefused(f"Refused: {reason}", reason="protected", path=edit.path[:200])
        files = await self._files(edits, changes)
        applied = await asyncio.to_thread(
            apply,
            edits,
            files.texts.get,
            paths=files.paths,
            protected=lambda path: self.may_edit(path) is not None,
            is_link=files.links.__contains__,
        )
        wanted = {**changes.files, **applied.files}
        # What is as it was on the base is no change: a file made and deleted again, an edit taken back.
        changed = Changes(files={path: text for path, text in wanted.items() if text != files.base.get(path)})
        try:
            await (await self.job.mirror(self.base_sha)).tree(self.base_sha, changed)
        except PathRefused as error:
            raise EditRefused(error.message, reason="bad-path", path=error.detail("path")) from None
        except GitError as error:
            raise EditRefused(f"git cannot hold this change: {error}") from None
        return "\n".join(applied.notes), changed

    async def _files(self, edits: Sequence[Edit], changes: Changes) -> _Files:
        """Return the texts an edit could mean: its path, or its file's name."""
        mirror = await self.job.mirror(self.base_sha)
        entries = await mirror.entries(self.base_sha)
        names = {edit.path.rpartition("/")[2] for edit in edits}
        texts = {
            entry.path: await mirror.read(self.base_sha, entry.path)
            for entry in [entry for entry in entries if entry.path.rpartition("/")[2] in names][:_ALIKE]
        }
        base = dict(texts)
        texts.update(changes.files)
        gone = {path for path, text in changes.files.items() if text is None}
        paths = frozenset({entry.path for entry in entries} | set(changes.files)) - gone
        return _Files(base, texts, paths, frozenset(entry.path for entry in entries if entry.kind != "file"))


def explain_protection(job: Assignment[Any], base_sha: str, path: str) -> str | None:
    """Return why no stage may edit this path, or None."""
    if is_protected(path, job.policy.protected):
        return f"`{path}` is protected (CI, lock files, tool settings, or by policy); a person changes it."
    workshop = job.workshop(base_sha)
    return workshop.toolchain().shadows(path, workshop.env)


def show_run(title: str, run: TestRun) -> str:
    """Write a test run for the model: counts, then what failed."""
    if run.result.ended == "exit" and run.cases:
        return show_cases(title, run.cases, run.command)
    head = _head(title, run.cases, run.command)
    return f"{head}; ended: {run.result.ended}\n{run.result.output[-_SHOWN:]}"


def show_cases(title: str, cases: Sequence[TestCase], command: str = "") -> str:
    """Write tests for the model, as :func:`show_run` does."""
    failed = _failing(cases)[:6]
    messages = list_messages([(case.id, case.message[:1500]) for case in failed])
    shown = [
        f"--- {case.id} ({case.verdict} in {case.phase})\n{text}" for case, text in zip(failed, messages, strict=True)
    ]
    return "\n".join([_head(title, cases, command), *shown])[:_SHOWN]


def _head(title: str, cases: Sequence[TestCase], command: str) -> str:
    passed = sum(case.verdict == "passed" for case in cases)
    how = f" ({command})" if command else ""
    return f"{title}: {passed} passed, {len(_failing(cases))} failed{how}"


def _failing(cases: Sequence[TestCase]) -> list[TestCase]:
    return [case for case in cases if case.verdict in {"failed", "error"}]
