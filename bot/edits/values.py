"""Define edits, the result of applying them, and this package's errors."""

from __future__ import annotations

from dataclasses import dataclass

from bot.types import ForgehandError


class EditError(ForgehandError):
    """Root of the errors of this package."""


class ParseError(EditError):
    """Error that no edit can be read; the message names the format to use."""


class EditRefused(EditError):
    """Refusal of edits: nothing was applied.

    The message, at most 40 lines, is written for the model that wrote the edits. ``details``: ``reason`` is a word such
    as ``not-found``, ``path`` the file, ``edit`` the edit's number from 1.
    """

    def with_place(self, path: str, edit: int) -> EditRefused:
        """Return the same refusal, naming the edit and the file."""
        message = f"Edit {edit} ({path}): {self.message} Nothing was applied."
        return EditRefused(message, reason=self.detail("reason"), path=path, edit=edit)


@dataclass(frozen=True)
class Hunk:
    """Place to change: ``search`` becomes ``replace``, both whole lines."""

    search: str
    replace: str
    anchors: tuple[str, ...] = ()  # lines that the place lies under (``class A``, ``def f``), outermost first
    open_above: bool = False  # lines above may be missing (a diff's addition): only for the file's top or ``line``
    line: int | None = None  # from 1
    end_newline: bool | None = None  # forces or forbids a newline at the file's end, if the hunk reaches it
    at_end: bool = False  # only at the end of the file
    marks: str = ""  # a diff's, one a line: blank, ``-`` or ``+``


@dataclass(frozen=True)
class Replace:
    """Change of a file at places that, if ``ordered``, follow each other."""

    path: str
    hunks: tuple[Hunk, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Write:
    """Whole text of a file; with ``new`` the file must not exist yet."""

    path: str
    text: str
    new: bool = False


@dataclass(frozen=True)
class Delete:
    """Deletion of a file."""

    path: str


@dataclass(frozen=True)
class Rename:
    """Move of ``path`` to ``to``, where ``hunks`` then change it."""

    path: str
    to: str
    hunks: tuple[Hunk, ...] = ()


Edit = Replace | Write | Delete | Rename


@dataclass(frozen=True)
class EditResult:
    """Changed files by path (None: deleted), and a note for each edit."""

    files: dict[str, str | None]
    notes: tuple[str, ...] = ()


def make_refusal(reason: str, message: str, *, path: str = "", edit: int = 0) -> EditRefused:
    """Make an :class:`EditRefused` with its details set."""
    return EditRefused(message, reason=reason, path=path, edit=edit)
