"""Looking at code with a model: tools that only read, and a bounded inquiry that may use them before it answers.

Whatever the model asks for, names, arguments and the number of turns are checked here, by code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.context.index import Index
from bot.context.lookup import Lookup
from bot.git.changes import NO_CHANGES, Changes
from bot.models.port import Conversation, Hear, Message, Reply, Tool, ToolCall
from bot.models.structured import find_violations
from bot.settings import ModelRole
from bot.types import JsonModel
from bot.work.assignment import Assignment


def tool(name: str, description: str, required: Sequence[str], /, **properties: str) -> Tool:
    """Make a tool of strings and, where described by ``int:``, integers."""
    schema = {
        key: {
            "type": "integer" if text.startswith("int:") else "string",
            "description": text.removeprefix("int:").strip(),
        }
        for key, text in properties.items()
    }
    parameters = {"type": "object", "properties": schema, "required": list(required), "additionalProperties": False}
    return Tool(name=name, description=description, parameters=parameters)


SEARCH = tool(
    "search", "Search all files.", ["query"],
    query="what to look for", kind="`literal` (default), `regex` or `symbol`", path="only below this path",
)  # fmt: skip
READ = tool(
    "read", "Read a file with line numbers.", ["path"],
    path="the file", start="int: first line (default 1)", end="int: last line",
)  # fmt: skip
DEFINITION = tool("definition", "Show where a name is defined.", ["name"], name="function, class or method")
REFERENCES = tool("references", "Show where a name is used.", ["name"], name="function, class or method")
LOOKING = (SEARCH, READ, DEFINITION, REFERENCES)
RUN = tool(
    "run",
    "Run a shell line in the sandbox (no network). What it writes is thrown away.",
    ["command"],
    command="the shell line",
)
_ENOUGH = "You have looked enough."


async def index(assignment: Assignment[Any], sha: str) -> Index:
    """Return the index of a commit; blobs seen before cost nothing."""
    mirror = await assignment.mirror(sha)
    return await assignment.services.indexer.index(mirror.git_dir, sha)


async def look(assignment: Assignment[Any], sha: str, changes: Changes, call: ToolCall) -> str:
    """Answer a call of :data:`LOOKING` in which :func:`fault` finds nothing."""
    code = await index(assignment, sha)
    return await asyncio.to_thread(_look_up, code.with_changes(changes), call)


def fault(call: ToolCall, tools: Sequence[Tool]) -> str | None:
    """Say to the model what is wrong with a call, its tool or arguments."""
    if call.error is not None:
        return f"Your arguments could not be read: {call.error}"
    known = next((tool for tool in tools if tool.name == call.name), None)
    if known is None:
        return f"There is no tool `{call.name}`; there are: {', '.join(tool.name for tool in tools)}."
    required = known.parameters["required"]
    # What is optional is not worth a turn, and what is inside lists is its reader's to judge, piece by piece.
    kinds = {key: {"type": known.parameters["properties"][key].get("type")} for key in required}
    asked = {"required": required, "properties": kinds}
    wrong = list(find_violations(call.arguments, asked))
    return f"`{call.name}` was called wrongly: {'; '.join(wrong[:5])}." if wrong else None


async def audit_unknown(assignment: Assignment[Any], calls: Sequence[ToolCall], tools: Sequence[Tool]) -> None:
    """Audit calls of tools there are not: the model may have been told to."""
    names = {tool.name for tool in tools}
    for call in calls:
        if call.name not in names:
            await assignment.audit(f"tool {call.name[:100]}", allowed=False, reason="no such tool")


class Answer(JsonModel):
    """Result of an inquiry: arguments or text, or in words its ``problem``."""

    text: str = ""
    arguments: dict[str, Any] | None = None
    problem: str | None = None
    model: str = ""


@dataclass(frozen=True)
class Inquiry:
    """One question to a model that may look things up at one commit.

    It sees the commit with ``changes`` on it, inside one step. Every request has its own name in the ledger,
    ``<name>-<turn>``, so a step that is repeated buys nothing twice. ``answer`` is the tool that ends it; without one,
    the first reply that calls no tool does. The commit is indexed only once something is looked up. With ``run`` the
    model may also run shell lines; it is given one and gives what the model is told. ``hide`` takes out of every text
    what the model must not see. ``hear`` is told of calls while they are written.
    """

    assignment: Assignment[Any]
    name: str
    role: ModelRole
    system: str
    sha: str
    answer: Tool | None = None
    turns: int = 8
    max_output: int = 8192
    run: Callable[[str], Awaitable[str]] | None = None
    hide: Callable[[str], str] = str
    changes: Changes = NO_CHANGES
    hear: Hear | None = None

    async def ask(self, prompt: str, shared: str = "") -> Answer:
        """Ask until answered; raises :class:`bot.models.port.ModelError`.

        ``shared`` stands before the prompt, and before those of other inquiries that are asked soon.
        """
        begin = self.hide(shared)
        messages = [Message(role="user", text=begin + self.hide(prompt), shared=len(begin))]
        model = "the model"
        for turn in range(self.turns):
            conversation = Conversation(system=self.hide(self.system), messages=tuple(messages))
            reply = await self.assignment.ask(
                f"{self.name}-{turn}",
                self.role,
                conversation,
                tools=self._tools,
                max_output=self.max_output,
                hear=self.hear,
            )
            model = reply.model
            await audit_unknown(self.assignment, reply.tool_calls, self._tools)
            answered = self._parse_answer(reply)
            if answered is not None:
                return answered.model_copy(update={"model": reply.model})
            results = await self._results(reply, last=turn >= self.turns - 2)
            messages += [reply.as_message(), *results]
        problem = f"{model} gave no usable answer in {self.turns} turns; `forgehand doctor` tells what it cannot do"
        return Answer(problem=problem)

    @property
    def _tools(self) -> tuple[Tool, ...]:
        return (*LOOKING, *([RUN] if self.run else []), *([self.answer] if self.answer else []))

    def _parse_answer(self, reply: Reply) -> Answer | None:
        if self.answer is None:
            return None if reply.tool_calls or not reply.text.strip() else Answer(text=reply.text)
        for call in reply.tool_calls:
            if call.name == self.answer.name and fault(call, self._tools) is None:
                return Answer(text=reply.text, arguments=call.arguments)
        return None

    async def _results(self, reply: Reply, *, last: bool) -> list[Message]:
        """Return what the model is told next; in the ``last`` turn it must answer."""
        how = f"Call `{self.answer.name}` now." if self.answer else "Answer now."
        if not reply.tool_calls:
            return [Message(role="user", text=how)]
        texts = [self.hide(await self._result(call)) for call in reply.tool_calls]
        if last:
            texts[-1] = f"{texts[-1]}\n\n{_ENOUGH} {how}"
        return [
            Message(role="tool", text=text, tool_call_id=call.id)
            for call, text in zip(reply.tool_calls, texts, strict=True)
        ]

    async def _result(self, call: ToolCall) -> str:
        problem = fault(call, self._tools)
        if problem is not None:
            return problem
        if call.name == RUN.name and self.run is not None:
            return await self.run(str(call.arguments["command"]))
        return await look(self.assignment, self.sha, self.changes, call)


def _look_up(lookup: Lookup, call: ToolCall) -> str:
    arguments = call.arguments
    if call.name == "search":
        return lookup.search(
            str(arguments["query"]), kind=str(arguments.get("kind") or "literal"), path=str(arguments.get("path") or "")
        )
    if call.name == "read":
        return lookup.read(str(arguments["path"]), _number(arguments.get("start"), 1), _number(arguments.get("end"), 0))
    if call.name == "definition":
        return lookup.definition(str(arguments["name"]))
    return lookup.references(str(arguments["name"]))


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) and value > 0 else default
