"""``python -m handlers.manual [--check]``: writes docs/commands.md from what commands say of themselves, or compares.

Exit code 1 where the file is not what would be written.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bot.doors.comments.commands import Command
from bot.doors.comments.listener import MAX_COMMANDS
from bot.doors.router import Handlers
from bot.markdown import table
from handlers import HANDLERS
from handlers.help import examples, where

PATH = Path(__file__).parent.parent / "docs" / "commands.md"
_HEAD = f"""<!-- Written by `python -m handlers.manual` from the commands themselves. Change them, not this file. -->
# Commands

Write a command at the beginning of a line: in a comment on an issue or pull request, in the body of a review, in a
comment on a line of a diff, or in the body of a new issue or pull request. `@forgehand fix` is the same as `/fix`;
use the name that your App has. Several commands in one text are done in order, {MAX_COMMANDS} at most.

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


def text(handlers: Handlers = HANDLERS) -> str:
    """Return the whole page."""
    commands = handlers.commands.values()
    rows = [(f"[`{each.usage}`](#{each.name})", each.summary, _who(each)) for each in commands]
    return "\n\n".join([_HEAD.rstrip(), table(("command", "what it does", "who"), rows), *map(_section, commands)])


def _section(command: Command) -> str:
    parts = (
        f"## {command.name}",
        f"`{command.usage}`",
        f"{command.summary} {command.explanation}",
        f"Where: {where(command)} Who: {_who(command)} permission, unless policy says otherwise.",
        examples(command),
    )
    return "\n\n".join(parts)


def _who(command: Command) -> str:
    return command.rule.level


def main(arguments: list[str], path: Path = PATH) -> int:
    """Write the page, or with ``--check`` say whether it is as it would be written. The exit code."""
    wanted = text() + "\n"
    if "--check" not in arguments:
        path.write_text(wanted)
    elif path.read_text() != wanted:
        print(f"{path} is stale: run `python -m handlers.manual`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
