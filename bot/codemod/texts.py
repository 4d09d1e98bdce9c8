"""Rename in strings, comments and documents, where a full dotted name or path says what is meant."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Iterator

from bot.codemod.strings import list_keys
from bot.codemod.target import Target
from bot.surface.source import parse

_PROSE = frozenset(("STRING", "COMMENT", "FSTRING_MIDDLE"))
_KEYED = (".json", ".yml", ".yaml", ".toml", ".ini", ".cfg")
_KEY = re.compile(r"""["']?[ \t]*(?::(?=\s|$)|=)""")
_HISTORY = re.compile(r"(?:^|/)(?:changelog|changes|history|news|releases?)(?:[^/]*|\.d/.*)$", re.IGNORECASE)
_EXAMPLE = re.compile(r"^[ \t]*(?:>>>|\.\.\.|from\s|import\s).*$", re.MULTILINE)

Span = tuple[int, int]


class Mentions:
    """Written forms of a target, and what each becomes.

    ``modules`` are those that bind a symbol under its own name; ``unique``: nothing else in the repository has it.
    """

    def __init__(self, target: Target, modules: Collection[str], *, unique: bool) -> None:
        old, new = target.old_last, target.new_last
        self._new = new
        self._forms = {target.old: target.new}
        for module in modules:
            self._forms |= {f"{module}.{old}": f"{module}.{new}", f"{module}:{old}": f"{module}:{new}"}
        path = target.old.replace(".", "/")
        self._forms[path] = target.new.replace(".", "/")
        dotted = "|".join(re.escape(form) for form in sorted(self._forms, key=len, reverse=True) if form != path)
        files = rf"|(?<![\w.]){re.escape(path)}(?=\.pyi?\b|/)" if target.is_module else ""
        self.pattern = re.compile(rf"(?<![\w.])(?:{dotted})(?!\w){files}")
        self._word = re.compile(rf"(?<![\w.'\"]){re.escape(old)}(?![\w'\"=])")
        self._quoted = re.compile(rf"(?<=`){re.escape(old)}(?=(?:\([^`\n]*\))?`)") if unique else None
        listed = "|".join(map(re.escape, modules))
        self._import = re.compile(rf"from (?:{listed}) import [^\n]*\b{re.escape(old)}\b") if listed else None

    def rename_in_document(self, path: str, text: str) -> str:
        """Rename in a text that is not Python; keys and history stay."""
        if is_history(path):
            return text
        keyed = path.endswith(_KEYED)
        examples = self._import is not None and self._import.search(text) is not None
        return self._rename(text, [(0, len(text))], keyed=keyed, examples=examples)

    def rename_in_python(self, text: str, *, examples: bool) -> str:
        """Rename in strings and comments; ``examples`` know the name."""
        searched = [self.pattern, *([self._quoted] if self._quoted is not None else [])]
        if not examples and not any(pattern.search(text) for pattern in searched):
            return text
        tree = parse(text)
        keys = {(key.lineno, key.col_offset) for key in list_keys(tree)} if tree is not None else set()
        return self._rename(text, list(_prose(text, keys)), keyed=False, examples=examples)

    def _rename(self, text: str, spans: list[Span], *, keyed: bool, examples: bool) -> str:
        found: dict[Span, str] = {}
        for start, end in spans:
            for one in self.pattern.finditer(text, start, end):
                if not (keyed and _KEY.match(text, one.end())):
                    found[one.span()] = self._forms[one[0]]
            for one in self._quoted.finditer(text, start, end) if self._quoted is not None else ():
                found[one.span()] = self._new
            for line in _EXAMPLE.finditer(text, start, end) if examples else ():
                found |= {one.span(): self._new for one in self._word.finditer(text, *line.span())}
        parts: list[str] = []
        end = 0
        for (start, stop), new in sorted(found.items()):
            parts += [text[end:start], new]
            end = stop
        return "".join([*parts, text[end:]])


def is_history(path: str) -> bool:
    """Return whether a file tells what was: there the old name stays."""
    return _HISTORY.search(path) is not None


def _prose(text: str, keys: Collection[tuple[int, int]]) -> Iterator[Span]:
    """Yield the spans of strings and comments, not of strings that are keys.

    ``keys`` begin at these lines and columns, in bytes as ``ast`` counts.
    """
    starts = [0]
    for line in io.StringIO(text, newline=""):
        starts.append(starts[-1] + len(line))
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            (row, column), (last, end) = token.start, token.end
            if tokenize.tok_name[token.type] in _PROSE and (row, len(token.line[:column].encode())) not in keys:
                yield starts[row - 1] + column, starts[last - 1] + end
    except (tokenize.TokenError, SyntaxError):
        return
