"""Answer search, read, definition and references, in bounded texts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from bot.context.blobs import Blobs, decode
from bot.context.grep import Hit, grep
from bot.context.languages import language_of
from bot.context.nearby import count_shared_folders
from bot.context.outline import Definition, read_outline
from bot.context.postings import Postings
from bot.context.record import DEFINES, Record
from bot.context.sieve import MAX_BYTES, role_of
from bot.context.tree import TreeFile
from bot.context.words import LONGEST, split_identifier

_HITS = 60  # lines of an answer: a model reads all of them, turn after turn
_HITS_OF_A_FILE = 8  # so that one file does not fill the answer
_REFERENCES_OF_A_FILE = 4  # less: references are asked for to see where, not what
_HOMES = 20  # files that define a name, searched first
_FOLDERS_TOLD = 3  # named where hits are left out
_ROLES = ("code", "test", "example", "docs", "text")
_LINES = 400  # of a file in one answer
_WIDE = 400  # characters of a line: minified code has lines of megabytes
_SHOWN = 3  # definitions shown with their code
_SHOWN_LINES = 80  # of each
_NAMES = 40  # definitions listed
_PATTERN = 500  # characters of a query
KINDS = ("literal", "regex", "symbol")


class SearchableIndex(Protocol):
    """The parts of an index that a lookup needs."""

    git_dir: Path
    commit: str
    files: dict[str, TreeFile]
    by_number: Mapping[int, Sequence[str]]
    postings: Postings

    def record(self, path: str) -> Record: ...

    def text(self, path: str) -> str | None: ...


class Lookup:
    """A commit's files with ``changes`` (None: deleted) on top. Blocking."""

    def __init__(self, corpus: SearchableIndex, changes: Mapping[str, str | None]) -> None:
        self._corpus = corpus
        self._changes = changes

    def search(self, query: str, *, kind: str = "literal", path: str = "") -> str:
        """Search lines for a text or expression, and symbols, below ``path``."""
        if kind not in KINDS:
            return f"Unknown kind {kind!r}; use one of {', '.join(KINDS)}."
        if not query.strip() or len(query) > _PATTERN:
            return f"The query is empty or longer than {_PATTERN} characters."
        if kind == "symbol":
            return self._search_symbols(query, path)
        lines = [line for line in query.split("\n") if line.strip()] if kind == "literal" else [query]
        if kind == "regex":
            try:
                re.compile(query)
            except (re.error, RecursionError, OverflowError) as error:
                return f"Invalid regular expression: {error}."
        if len(lines) > 1:
            return "Search works line by line; search for a single line."
        pattern = re.escape(lines[0]) if kind == "literal" else query
        return self._grep(pattern, self._list_paths(path), f"{kind} {query!r}")

    def read(self, path: str, start: int = 1, end: int = 0) -> str:
        """Read at most 400 numbered lines of a file; ``end`` 0: that many."""
        text = self._text(path)
        if text is not None:
            return read_lines(text, start, end)
        name = path.rpartition("/")[2]
        near = [other for other in self._list_paths("") if name and other.rpartition("/")[2] == name][:5]
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        return f"No text file {path!r}.{hint}"

    def definition(self, name: str) -> str:
        """Find definitions, with code of three; ``Class.method`` narrows."""
        container, _, last = name.strip().replace("::", ".").rpartition(".")
        holder = container.rpartition(".")[2]
        found = [
            (path, one) for path, one in self._find_definitions(last) if not holder or one.container in {"", holder}
        ]
        found = [item for item in found if item[1].container == holder] or found
        if not found:
            return f"Nothing named {name!r} is defined here. Try search with kind symbol, or literal."
        pieces = [f"{path}:{one.start}-{one.end} {one.kind} {one.qualified}" for path, one in found[:_NAMES]]
        if len(found) > _NAMES:
            pieces.append(f"({len(found) - _NAMES} more not shown)")
        for path, one in found[:_SHOWN]:
            end = min(one.end, one.start + _SHOWN_LINES - 1)
            cut = f"\n(cut; it ends in line {one.end})" if end < one.end else ""
            pieces.append(f"\n{path}\n{number_lines((self._text(path) or '').split(chr(10)), one.start, end)}{cut}")
        return "\n".join(pieces)

    def references(self, name: str) -> str:
        """Find the lines that hold a name as a whole word.

        Lines of the files that define it come first, then of their neighbours, then others. Code comes before tests,
        and these before the rest.
        """
        last = name.strip().replace("::", ".").rpartition(".")[2]
        if not re.fullmatch(r"\w{1,200}", last):
            return f"{name!r} is not a name; use search."
        homes = list(dict.fromkeys(path for path, _ in self._find_definitions(last)))[:_HOMES]

        def distance(path: str) -> tuple[bool, int, int, str]:
            role = role_of(path, is_code=language_of(path) is not None)
            near = max((count_shared_folders(path, home) for home in homes), default=0)
            return path not in homes, _ROLES.index(role), -near, path

        paths = sorted(self._list_speaking(last), key=distance)
        return self._grep(rf"\b{re.escape(last)}\b", paths, f"name {last!r}", most=_REFERENCES_OF_A_FILE)

    def _list_speaking(self, name: str) -> list[str]:
        """List the paths that may hold a name as a word, changed files too."""
        words = split_identifier(name)
        corpus = self._corpus
        if not words or len(name) > LONGEST:
            return self._list_paths("")
        held = {path for number, _ in corpus.postings.get(words[0]) for path in corpus.by_number.get(number, ())}
        return [path for path in self._list_paths("") if path in held or path in self._changes]

    def _text(self, path: str) -> str | None:
        if path in self._changes:
            return self._changes[path]
        if path in self._corpus.files:
            return self._corpus.text(path)
        if "\n" in path or not path:
            return None
        with Blobs(self._corpus.git_dir) as blobs:
            data = blobs.read(f"{self._corpus.commit}:{path}")
        return None if data is None or b"\0" in data[:8_000] or len(data) > 10 * MAX_BYTES else decode(data)

    def _list_paths(self, below: str) -> list[str]:
        """List the paths below a folder, or the file, code first."""
        below = below.strip().removeprefix("./").strip("/")
        paths = {path for path in self._corpus.files if path not in self._changes}
        paths |= {path for path, text in self._changes.items() if text is not None}
        chosen = [path for path in paths if not below or path == below or path.startswith(below + "/")]
        return sorted(chosen, key=lambda path: (language_of(path) is None, path))

    def _grep(self, pattern: str, paths: Sequence[str], what: str, *, most: int = _HITS_OF_A_FILE) -> str:
        texts = {path: text for path in paths if (text := self._changes.get(path)) is not None}
        blobs = [(path, self._corpus.files[path].sha) for path in paths if path not in texts]
        hits, ended = grep(self._corpus.git_dir, pattern, texts, blobs)
        order = {path: number for number, path in enumerate(paths)}
        return _tell(sorted(hits, key=lambda hit: (order[hit.path], hit.line)), what, most, ended=ended)

    def _search_symbols(self, query: str, path: str) -> str:
        wanted = query.strip().lower()
        paths = set(self._list_paths(path))
        names = {key.removeprefix(DEFINES) for key in self._corpus.postings.keys(DEFINES) if wanted in key.lower()}
        names |= {one.name for _, one in self._list_changed() if wanted in one.name.lower()}
        ordered = sorted(names, key=lambda name: (name.lower() != wanted, len(name), name))
        found = [
            (place, one) for name in ordered[:500] for place, one in self._find_definitions(name) if place in paths
        ]
        if not found:
            return f"No symbol has {query!r} in its name."
        lines = [f"{place}:{one.start} {one.kind} {one.qualified}: {one.signature}" for place, one in found[:_HITS]]
        cut = [f"({len(found) - _HITS} more not shown; be more specific)"] if len(found) > _HITS else []
        return "\n".join([*lines, *cut])

    def _find_definitions(self, name: str) -> list[tuple[str, Definition]]:
        """Definitions of exactly this name, code before tests."""
        holders = [
            path
            for number, _ in self._corpus.postings.get(DEFINES + name)
            for path in self._corpus.by_number.get(number, ())
            if path not in self._changes
        ]
        found = [(path, one) for path in holders for one in self._corpus.record(path).definitions if one.name == name]
        found += [(path, one) for path, one in self._list_changed() if one.name == name]
        files = self._corpus.files
        return sorted(
            found, key=lambda item: (item[0] in files and files[item[0]].role != "code", item[0], item[1].start)
        )

    def _list_changed(self) -> Iterator[tuple[str, Definition]]:
        """Definitions in changed files, parsed anew."""
        for path, text in self._changes.items():
            language = language_of(path)
            if text is not None and language is not None and len(text) <= MAX_BYTES:
                yield from ((path, one) for one in read_outline(text, language))


def read_lines(text: str, start: int = 1, end: int = 0) -> str:
    """Read numbered lines ``start`` to ``end`` (0: the last), at most 400."""
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    first = max(1, start)
    if first > len(lines):
        return f"The file has only {len(lines)} lines."
    wanted = min(end if end > 0 else len(lines), len(lines))
    last = min(max(wanted, first), first + _LINES - 1)
    shown = number_lines(lines, first, last)
    if first > 1 or last < len(lines):
        shown += f"\n(lines {first} to {last} of {len(lines)})"
    return shown


def number_lines(lines: Sequence[str], start: int, end: int) -> str:
    """Format the lines ``start`` to ``end`` with numbers, each cut at 400."""
    width = len(str(end))
    shown = []
    for number, line in enumerate(lines[start - 1 : end], start):
        rest = f" … ({len(line) - _WIDE} more characters)" if len(line) > _WIDE else ""
        shown.append(f"{number:>{width}} {line[:_WIDE]}{rest}")
    return "\n".join(shown)


def _tell(hits: Sequence[Hit], what: str, most: int, *, ended: bool) -> str:
    """Hits by file, at most so many of each, and in words what was cut."""
    stopped = "" if ended else "\n(Search stopped: it took too long or too much memory. Narrow it.)"
    if not hits:
        return f"Nothing found for {what}.{stopped}"
    files: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        files[hit.path].append(hit)
    lines: list[str] = []
    for number, (path, held) in enumerate(files.items()):
        if len(lines) >= _HITS:
            lines.append(_describe_unshown(dict(list(files.items())[number:])))
            break
        lines += [f"{path}:{hit.line}: {hit.text}" for hit in held[:most]]
        if len(held) > most:
            lines.append(f"{path}: ({len(held) - most} more lines here)")
    return "\n".join(lines) + stopped


def _describe_unshown(files: Mapping[str, Sequence[Hit]]) -> str:
    """Say how much is not shown, and in which folders most of it is."""
    folders: Counter[str] = Counter()
    for path, held in files.items():
        folders["/".join(path.split("/")[:-1][:2]) or "the root"] += len(held)
    told = ", ".join(f"{folder} {count}" for folder, count in folders.most_common(_FOLDERS_TOLD))
    return (
        f"({folders.total()} more lines in {len(files)} files, most of them in: {told}; narrow it with search and path)"
    )
