"""Define what is left open in a pull request, stored as JSON."""

from __future__ import annotations

from typing import Literal

from bot.change.records import Brief, ChangeTask, Evidence, Judgement
from bot.types import JsonModel
from handlers.companions.records import Missing

# ``function``: nothing but a stub; ``branch``: a part that raises NotImplementedError; ``todo``: a comment
Kind = Literal["function", "branch", "todo"]


class Stub(JsonModel):
    """Something left open at a line of the head.

    ``function`` is the qualified name of what it stands in, "" for the module; ``text`` is the line.
    """

    path: str
    line: int
    kind: Kind
    function: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}{f' in {self.function}' if self.function else ''}"


class CompletionBrief(Brief):
    """Cleaned request with what is left open: stubs, or migrations."""

    stubs: tuple[Stub, ...] = ()
    migrations: tuple[Missing, ...] = ()


CompletionEvidence = Evidence[ChangeTask, CompletionBrief, Judgement]
