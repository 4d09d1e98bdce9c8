"""Generate the commands', policy's and API's pages from declarations.

They are ``docs/commands.md``, ``docs/policy.md`` and ``docs/openapi.json``.

``python -m handlers.manual`` writes them; with ``--check`` it compares and exits with 1 where one is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bot.doors.api.application import list_operations
from bot.doors.api.document import render_document
from bot.doors.comments.commands import Command
from bot.doors.comments.listener import MAX_COMMANDS
from bot.doors.handlers import Handlers
from bot.markdown import table
from bot.policy import PolicySchema
from handlers import HANDLERS
from handlers.help import describe_places, list_examples

DOCS = Path(__file__).parent.parent / "docs"
_HEAD = f"""<!-- Written by `python -m handlers.manual` from the commands themselves. Change them, not this file. -->
# Commands

Write a command at the beginning of a line: in a comment on an issue or pull request, in the body of a review, in a
comment on a line of a diff, or in the body of a new issue or pull request. `@forgehand fix` is the same as `/fix`;
use the name that your App has. Several commands in one text are done in order, {MAX_COMMANDS} at most; one that
stands there twice is done once.

- **A sign at once.** Eyes on your text: it was read, you may, and it makes sense here. A confused face: an answer
  says why not.
- **Answers stand where you asked**, in the thread if there is one.
- **What is quoted is not obeyed**: nothing in code, quotations, lists or HTML comments, nothing that was edited in
  later, and nothing that a bot writes or an app in your name.
- **Who may** is asked of GitHub each time, never read from the event. `commands` in `.github/forgehand.yml` says which
  commands people with read permission may use (`read`) and which need write permission (`write`). A refusal is one
  reaction and one sentence, costs no model call, and has a row in the audit trail. Without write permission an account
  gets thirty commands an hour answered. `commands: {{ read: [ask, explain, status, config, help] }}` opens questions to
  everybody who can read.
- **What stands in neither list is switched off.** Typed as `/name` it may be another bot's and is met with silence.
  `commands: {{ mention_only: true }}` leaves every `/name` to others: commands then begin with `@forgehand`.
- **A wrong word** is answered with the nearest command, if you clearly meant us.
"""


_POLICY = """<!-- Written by `python -m handlers.manual` from the declarations. Change them, not this file. -->
# Every key of a repository's policy

`.github/forgehand.yml` on the default branch; all of it optional. Each task has a section of its own name; what
concerns the repository as a whole stands below. [configuration.md](configuration.md#a-repository) shows an example and
explains patterns.
"""


def render_pages(handlers: Handlers = HANDLERS) -> dict[str, str]:
    """Return the pages by file name."""
    registry = handlers.registry
    return {
        "commands.md": render_commands(handlers),
        "policy.md": render_policy(registry.schema),
        "openapi.json": render_document(list_operations(registry)),
    }


def render_policy(schema: PolicySchema) -> str:
    """Return the page of every key: its default, and what it is for."""
    fields = schema.document.model_fields
    models = {name: field.annotation for name, field in fields.items() if isinstance(field.annotation, type)}
    sections = {name: model for name, model in models.items() if issubclass(model, BaseModel)}
    return "\n\n".join([_POLICY.rstrip(), *(_render_section(name, model) for name, model in sections.items())])


def _render_section(name: str, model: Any) -> str:
    rows = []
    for key, field in model.model_fields.items():
        default = json.dumps(field.get_default(call_default_factory=True))
        rows.append((f"`{key}`", f"`{default}`", field.description or ""))
    return f"## {name}\n\n{table(('key', 'default', 'meaning'), rows)}"


def render_commands(handlers: Handlers) -> str:
    """Return the page of commands."""
    commands = handlers.commands.values()
    rows = [(f"[`{each.usage}`](#{each.name})", each.summary, each.rule.level) for each in commands]
    return "\n\n".join(
        [_HEAD.rstrip(), table(("command", "what it does", "who"), rows), *map(_render_command, commands)]
    )


def _render_command(command: Command) -> str:
    parts = (
        f"## {command.name}",
        f"`{command.usage}`",
        f"{command.summary} {command.explanation}",
        f"Where: {describe_places(command)} Who: {command.rule.level} permission, unless policy says otherwise.",
        list_examples(command),
    )
    return "\n\n".join(parts)


def main(arguments: list[str], folder: Path = DOCS) -> int:
    """Write the pages, or ``--check`` which are stale; return the exit code."""
    stale = []
    for name, page in render_pages().items():
        wanted = page + "\n"
        if "--check" not in arguments:
            (folder / name).write_text(wanted)
        elif (folder / name).read_text() != wanted:
            stale.append(name)
    if stale:
        print(f"Stale: {', '.join(stale)}. Run `python -m handlers.manual`.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
