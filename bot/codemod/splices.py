"""Replace parts of a text that are given as positions of syntax nodes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


@dataclass
class Splices:
    """Replacements in one text, made together at the end.

    Positions are those of ``ast``: lines from 1, columns in bytes.
    """

    text: str
    _found: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data = self.text.encode()
        self._starts = [0]
        for line in self.data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt | ast.alias) -> tuple[int, int]:
        """Return where a node begins and ends."""
        assert node.end_lineno is not None, "parsed nodes have an end"
        assert node.end_col_offset is not None, "parsed nodes have an end"
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def replace(self, start: int, old: str, new: str) -> bool:
        """Replace ``old`` at an offset; False where something else stands there."""
        end = start + len(old.encode())
        if self.data[start:end] != old.encode():
            return False
        self._found[start, end] = new.encode()
        return True

    @property
    def changed(self) -> bool:
        return bool(self._found)

    def result(self) -> str:
        """Return the text with every replacement made."""
        parts = []
        end = 0
        for (start, stop), new in sorted(self._found.items()):
            if start < end:
                continue  # inside of what is replaced as a whole
            parts += [self.data[end:start], new]
            end = stop
        return b"".join([*parts, self.data[end:]]).decode()
