"""Apply edits to files, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from bot.edits import refusal
from bot.edits.changes import PendingHunk, apply_hunks
from bot.edits.paths import check_writable, clean_path, resolve
from bot.edits.syntax import find_syntax_error
from bot.edits.text import Source, is_elision
from bot.edits.values import Delete, Edit, EditResult, Hunk, Rename, Replace, Write, make_refusal

# files of up to this many lines may be rewritten to any length
_SHORT = 40


def apply(
    edits: Sequence[Edit],
    read: Callable[[str], str | None],
    *,
    paths: Collection[str],
    protected: Callable[[str], bool],
    is_link: Callable[[str], bool] = lambda path: False,
) -> EditResult:
    """Apply every edit in order.

    ``read`` gives a file's text by repository path, None where there is no text to edit; ``paths`` are all files of the
    repository; ``protected`` and ``is_link`` are asked for each path about to be touched. Raises EditRefused, and then
    nothing is applied.
    """
    session = _Session(read, set(paths), protected, is_link)
    for number, edit in enumerate(edits, start=1):
        session.take(number, edit)
    return session.result()


@dataclass
class _Session:
    """Files as the edits so far leave them; hunks wait for a file's end."""

    read: Callable[[str], str | None]
    paths: set[str]
    protected: Callable[[str], bool]
    is_link: Callable[[str], bool]
    files: dict[str, str | None] = field(default_factory=dict)
    waiting: dict[str, list[PendingHunk]] = field(default_factory=dict)
    notes: list[tuple[int, str]] = field(default_factory=list)

    def take(self, number: int, edit: Edit) -> None:
        match edit:
            case Replace(path=named, hunks=hunks, ordered=ordered):
                self._replace(number, named, hunks, number if ordered else None)
            case Write():
                self._write(number, edit)
            case Delete(path=named):
                path = resolve(named, self.paths, edit=number, whole=True)
                self._text(path, number)
                self._set(path, None, number, "deleted")
            case Rename():
                self._rename(number, edit)

    def result(self) -> EditResult:
        for path in list(self.waiting):
            hunks = self.waiting.pop(path)
            text, notes = apply_hunks(path, self._text(path, hunks[0].edit), hunks)
            self.files[path] = text
            self.notes += notes
        changed_files = {path: text for path, text in self.files.items() if text != self.read(path)}
        if not changed_files:
            raise make_refusal("no-op", "The edits change nothing.")
        return EditResult(changed_files, tuple(f"Edit {number}: {note}" for number, note in sorted(self.notes)))

    def _replace(self, number: int, named: str, hunks: Sequence[Hunk], group: int | None) -> None:
        # An empty search in a file that does not exist asks for a new one.
        empty = len(hunks) == 1 and not hunks[0].search.strip()
        if empty and clean_path(named, edit=0, absolute=True) not in self.paths:
            self._write(number, Write(named, hunks[0].replace, new=True))
            return
        path = resolve(named, self.paths, edit=number)
        self._text(path, number)
        self.waiting.setdefault(path, []).extend(PendingHunk(number, hunk, group) for hunk in hunks)

    def _write(self, number: int, edit: Write) -> None:
        path = clean_path(edit.path, edit=number)
        before = self._current(path)
        if edit.new and before is not None:
            raise make_refusal(
                "exists",
                f"Edit {number}: {path} exists already; change it instead of adding it.",
                path=path,
                edit=number,
            )
        placeholder = next((line for line in edit.text.split("\n") if is_elision(line) and line.strip() != "..."), None)
        if placeholder is not None and before is not None:
            what = f"Edit {number}: the whole text of {path} is wanted, without {placeholder.strip()!r}."
            raise make_refusal("elision", what, path=path, edit=number)
        if before is not None and _is_excerpt(before, edit.text):
            what = (
                f"Edit {number}: that is not all of {path}, most of its lines are missing. Change it by SEARCH/REPLACE."
            )
            raise make_refusal("excerpt", what, path=path, edit=number)
        if edit.text == before:
            raise make_refusal("no-op", f"Edit {number} leaves {path} as it is.", path=path, edit=number)
        fault = find_syntax_error(path, before or "", edit.text)
        if fault is not None:
            raise refusal.unparsable(path, number, Source.of(edit.text), *fault)
        self._set(path, edit.text, number, "created" if before is None else "rewritten")

    def _rename(self, number: int, edit: Rename) -> None:
        path = resolve(edit.path, self.paths, edit=number, whole=True)
        to = clean_path(edit.to, edit=number)
        if to in self.paths:
            raise make_refusal(
                "exists", f"Edit {number}: {to} exists already; nothing can be moved there.", path=to, edit=number
            )
        text = self._text(path, number)
        if edit.hunks:
            text, notes = apply_hunks(path, text, [PendingHunk(number, hunk, number) for hunk in edit.hunks])
            self.notes += notes
        self._set(path, None, number, f"moved to {to}")
        self._set(to, text, number, f"moved from {path}")

    def _set(self, path: str, text: str | None, number: int, note: str) -> None:
        check_writable(path, protected=self.protected, is_link=self.is_link, edit=number)
        self.waiting.pop(path, None)
        self.files[path] = text
        if text is None:
            self.paths.discard(path)
        else:
            self.paths.add(path)
        self.notes.append((number, f"{path} {note}"))

    def _text(self, path: str, number: int) -> str:
        check_writable(path, protected=self.protected, is_link=self.is_link, edit=number)
        text = self._current(path)
        if text is None:
            raise make_refusal(
                "unknown-path", f"Edit {number}: {path} holds no text that can be edited.", path=path, edit=number
            )
        return text

    def _current(self, path: str) -> str | None:
        """Return a file's text after all edits but the hunks that wait for it."""
        return self.files[path] if path in self.files else self.read(path)


def _is_excerpt(before: str, text: str) -> bool:
    """Return whether a long file's new text lacks more than half of it."""
    lines = before.splitlines()
    return len(lines) > _SHORT and len(text.splitlines()) < len(lines) / 2
