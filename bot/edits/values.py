"""What an answer asks for (edits made of hunks), what applying it gives, and the errors of this package."""

from __future__ import annotations

from dataclasses import dataclass

from bot.types import ForgehandError


class EditError(ForgehandError):
    """Root of the errors of this package."""


class ParseError(EditError):
    """The text holds no edit that can be read; the message says which format to use."""


class EditRefused(EditError):
    """Nothing was applied. The message, at most 40 lines, is written for the model that wrote the edits.

    ``details``: ``reason`` is one of :data:`REASONS`, ``path`` the file, ``edit`` the edit's number from 1.
    """

    def with_place(self, path: str, edit: int) -> EditRefused:
        """Return the same refusal, saying which edit of which file it is about."""
        message = f"Edit {edit} ({path}): {self.message} Nothing was applied."
        return EditRefused(message, reason=self.detail("reason"), path=path, edit=edit)


REASONS = (
    "not-found",
    "ambiguous",
    "empty-search",
    "no-op",
    "already-applied",
    "elision",
    "excerpt",
    "unparsable",
    "unknown-path",
    "bad-path",
    "protected",
    "exists",
)


@dataclass(frozen=True)
class Hunk:
    """One place to change: ``search`` is to be replaced by ``replace`` (both whole lines, however they end).

    ``anchors`` name lines the place lies under (``class A``, ``def f``), outermost first. ``open_above`` says
    that lines above the hunk may have been left out (a diff hunk that begins with an addition); it may then
    only go to the top of the file or to ``line`` (from 1). ``end_newline`` forces or forbids a newline at the
    end of the file when the hunk reaches it. ``at_end`` ties the hunk to the end of the file.
    ``marks`` are a diff's, one a line, blank, ``-`` or ``+``.
    """

    search: str
    replace: str
    anchors: tuple[str, ...] = ()
    open_above: bool = False
    line: int | None = None
    end_newline: bool | None = None
    at_end: bool = False
    marks: str = ""


@dataclass(frozen=True)
class Replace:
    """Change an existing file at one or more places; ``ordered`` hunks follow each other in the file."""

    path: str
    hunks: tuple[Hunk, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Write:
    """Give a file its whole text; with ``new`` the file must not exist yet."""

    path: str
    text: str
    new: bool = False


@dataclass(frozen=True)
class Delete:
    """Delete a file."""

    path: str


@dataclass(frozen=True)
class Rename:
    """Move ``path`` to ``to``, then change it by ``hunks``."""

    path: str
    to: str
    hunks: tuple[Hunk, ...] = ()


Edit = Replace | Write | Delete | Rename


@dataclass(frozen=True)
class Applied:
    """``files`` maps each changed path to its new text, None where it is deleted; ``notes`` has a line an edit."""

    files: dict[str, str | None]
    notes: tuple[str, ...] = ()


def refused(reason: str, message: str, *, path: str = "", edit: int = 0) -> EditRefused:
    """Return an :class:`EditRefused` with its details set."""
    return EditRefused(message, reason=reason, path=path, edit=edit)
