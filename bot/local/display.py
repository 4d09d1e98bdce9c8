"""Print in a terminal without letting text control it, and show the progress of a local run.

What is printed comes from GitHub and from models. Control characters are dropped before anybody's terminal sees them.
"""

from __future__ import annotations

import io
import re
import sys
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

from bot.work.untrusted import without_unseen

_MARKUP = re.compile(r"</?(?:sub|details|summary)>")


def make_console(*, errors: bool = False) -> Console:
    """Return the console of standard output, or of standard error.

    What its encoding lacks is printed as a question mark.
    """
    stream = sys.stderr if errors else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return Console(stderr=errors, markup=False, highlight=False, emoji=False)


def say(console: Console, text: str, *, whole: bool = False) -> None:
    """Print text literally: wrapped for people, as it is for programs.

    A line to copy as a ``whole``, such as an address, is not broken.
    """
    console.print(Text(without_unseen(text)), soft_wrap=whole or not console.is_terminal)


def say_markdown(console: Console, text: str) -> None:
    """Print Markdown: rendered for people, as it is for programs.

    Addresses stand beside their links, whose text could be another address.
    """
    text = without_unseen(_MARKUP.sub("", text))
    if console.is_terminal:
        console.print(Markdown(text, hyperlinks=False))
    else:
        say(console, text)


def say_diff(console: Console, text: str) -> None:
    """Print a diff: coloured for people, as it is for programs."""
    if console.is_terminal:
        console.print(Syntax(without_unseen(text), "diff", background_color="default", word_wrap=True))
    else:
        say(console, text)


class Display:
    """The terminal output: a live comment, or each new line printed once."""

    def __init__(self, *, plain: bool) -> None:
        self.console = make_console()
        self._live = None if plain or not self.console.is_terminal else Live(console=self.console, auto_refresh=False)
        self._printed: set[str] = set()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def status(self, text: str) -> None:
        """Show the current status comment."""
        text = without_unseen(_MARKUP.sub("", text))
        if self._live is not None:
            panel = Panel(Markdown(text, hyperlinks=False), title="the bot's comment on the issue")
            self._live.update(panel, refresh=True)
            return
        for line in text.splitlines():
            if line.startswith("- [x]") and line not in self._printed:
                self._printed.add(line)
                self.say(line.replace("- [x]", "  done:"))

    def say(self, text: str) -> None:
        """Print one paragraph literally."""
        say(self.console, text)

    def markdown(self, title: str, text: str) -> None:
        """Print rendered Markdown in a box."""
        text = without_unseen(_MARKUP.sub("", text))
        self.console.print(Panel(Markdown(text, hyperlinks=False), title=Text(without_unseen(title))))

    def diff(self, text: str) -> None:
        """Print a coloured diff."""
        say_diff(self.console, text)
