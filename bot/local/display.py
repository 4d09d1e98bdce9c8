"""Print the progress of ``demo`` and ``try`` in the terminal.

It is a live view of the status comment, or plain lines.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

_MARKUP = re.compile(r"</?(?:sub|details|summary)>")


class Display:
    """The terminal output of a local run.

    With ``plain``, or without a terminal, each new line of the status comment is printed once.
    """

    def __init__(self, *, plain: bool) -> None:
        self.console = Console()
        self._live = None if plain or not self.console.is_terminal else Live(console=self.console, auto_refresh=False)
        self._printed: set[str] = set()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def status(self, text: str) -> None:
        """Show the current status comment."""
        text = _MARKUP.sub("", text)
        if self._live is not None:
            self._live.update(Panel(Markdown(text), title="the bot's comment on the issue"), refresh=True)
            return
        for line in text.splitlines():
            if line.startswith("- [x]") and line not in self._printed:
                self._printed.add(line)
                self.console.print(line.replace("- [x]", "  done:"), markup=False, highlight=False)

    def say(self, text: str) -> None:
        """Print one paragraph literally.

        Names and paths may hold what would be markup.
        """
        self.console.print(text, markup=False, highlight=False)

    def markdown(self, title: str, text: str) -> None:
        """Print rendered Markdown in a box."""
        self.console.print(Panel(Markdown(_MARKUP.sub("", text)), title=Text(title)))

    def diff(self, text: str) -> None:
        """Print a coloured diff."""
        self.console.print(Syntax(text, "diff", background_color="default", word_wrap=True))
