"""Check that a diagram is well-formed, as far as that can be told without Mermaid itself.

Only flowcharts and sequence diagrams are taken, of plain nodes, edges and messages: no links, styles or directives,
which a page would obey.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_MOST = 60  # lines of one diagram that somebody reads
_WIDTH = 300
# without hyphens, which begin edges: a line that cannot be read must not be tried in every way
_ID = r"[A-Za-z]\w*"
_TEXT = r"[^\[\](){}<>|\"`;]+|\"[^\"<>`;]+\""
_SHAPES = (r"\[{t}\]", r"\({t}\)", r"\{{{t}\}}", r"\(\[{t}\]\)", r"\[\({t}\)\]", r"\(\({t}\)\)")
_NODE = rf"{_ID}(?:{'|'.join(shape.format(t=f'(?:{_TEXT})') for shape in _SHAPES)})?"
_EDGE = rf"\s*(?:-->|---|-\.->|==>|-->\|(?:{_TEXT})\||--\s(?:{_TEXT})\s-->)\s*"
_FLOW = re.compile(rf"{_NODE}(?:\s*&\s*{_NODE})*(?:{_EDGE}{_NODE}(?:\s*&\s*{_NODE})*)*")
_SUBGRAPH = re.compile(rf"subgraph\s+(?:{_NODE}|{_TEXT})")
_MESSAGE = re.compile(rf"{_ID}\s*(?:->>|-->>|->|-->|-x|--x)[+-]?\s*{_ID}\s*:\s*[^<>`;]+")
_NOTE = re.compile(rf"note\s+(?:over|left of|right of)\s+{_ID}(?:\s*,\s*{_ID})?\s*:\s*[^<>`;]+", re.IGNORECASE)
_ACTOR = re.compile(rf"(?:participant|actor)\s+{_ID}(?:\s+as\s+[^<>`;]+)?")
_BLOCK = re.compile(r"(?:alt|opt|loop|par)\b[^<>`;]*")
_BRANCH = re.compile(r"(?:else|and)\b[^<>`;]*")
_FLOW_HEAD = re.compile(r"(?:flowchart|graph)\s+(?:TB|TD|BT|LR|RL)")


def find_fault(diagram: str) -> str | None:
    """Say what keeps a diagram from being drawn, None where nothing does."""
    lines = [line.strip() for line in diagram.strip().splitlines() if line.strip()]
    if not lines:
        return "The diagram is empty."
    if len(lines) > _MOST or max(map(len, lines)) > _WIDTH:
        return f"The diagram has more than {_MOST} lines, or one of more than {_WIDTH} characters: nobody reads it."
    if _FLOW_HEAD.fullmatch(lines[0]):
        return _check(lines[1:], (_FLOW,), (_SUBGRAPH,), ())
    if lines[0] == "sequenceDiagram":
        return _check(lines[1:], (_MESSAGE, _NOTE, _ACTOR), (_BLOCK,), (_BRANCH,))
    return "The diagram must begin with `flowchart TD`, `flowchart LR` or `sequenceDiagram`."


def _check(
    lines: Sequence[str],
    plain: Sequence[re.Pattern[str]],
    opening: Sequence[re.Pattern[str]],
    inner: Sequence[re.Pattern[str]],
) -> str | None:
    """Check each line, and that every block that is opened is ended."""
    depth = 0
    for number, line in enumerate(lines, 2):
        if line == "end":
            depth -= 1
        elif any(pattern.fullmatch(line) for pattern in opening):
            depth += 1
        elif not any(pattern.fullmatch(line) for pattern in (*plain, *(inner if depth else ()))):
            return f"Line {number} of the diagram cannot be read: {line[:80]}"
        if depth < 0:
            return f"Line {number} of the diagram ends a block that was not begun."
    if depth:
        return "A block of the diagram has no `end`."
    return None if lines else "The diagram shows nothing."
