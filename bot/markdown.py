"""Render the small pieces of Markdown that all reports share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_DUNDER = re.compile(r"(`[^`]*`)|\b(__\w+__)\b")
_FOLD = re.compile(r"<(?=/?(?:details|summary)\b)", re.I)
_NO_WIDTH = "\u200b"
# What GitHub makes a button, a picture or a link of, instead of showing it as code.
_ACTIVE = re.compile(
    r"^([ \t>*+\-0-9.)]*(?:`{3,}|~{3,})[ \t]*)(?:suggestion|mermaid|geojson|topojson|stl|math)\b[^\n]*", re.I | re.M
)


def duration(seconds: float) -> str:
    """Format a duration: ``45 s``, ``2 min 10 s``, ``1 h 5 min``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def money(dollars: float) -> str:
    """Format an amount: ``$0.11``, or ``less than $0.01``."""
    if dollars == 0:
        return "$0.00"
    return f"${dollars:.2f}" if dollars >= 0.01 else "less than $0.01"


def expense(dollars: float, calls: int) -> str:
    """Format what a task cost: ``$0.11, 6 model calls``."""
    return f"{money(dollars)}, {counted(calls, 'model call')}"


def counted(count: int, noun: str) -> str:
    """Count things in words: ``1 file``, ``3 files``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(names: Sequence[str], most: int) -> str:
    """Join at most so many names by commas, and count the others."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def joined(parts: Iterable[str]) -> str:
    """Join paragraphs, leaving out empty ones."""
    return "\n\n".join(part for part in parts if part)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Render a Markdown table; cells lose line ends, bars are escaped."""
    lines = [_row(head), "| " + " | ".join("---" for _ in head) + " |", *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    # A backslash before a bar would escape our own backslash and free the bar.
    shown = (" ".join(cell.replace("\\|", "\\ |").replace("|", "\\|").split()) for cell in cells)
    return "| " + " | ".join(shown) + " |"


def paragraph(text: str) -> str:
    """Flatten untrusted text to one line, with folds disarmed.

    No fence or fold in it can swallow what follows. ``__name__`` is code: as Markdown it would lose its underscores and
    become bold.
    """
    flat = _DUNDER.sub(lambda found: found[1] or f"`{found[2]}`", " ".join(text.split()))
    return _FOLD.sub(f"<{_NO_WIDTH}", flat)


def inactive(text: str) -> str:
    """Make fences of suggestions and diagrams in Markdown plain code."""
    return _ACTIVE.sub(r"\1text", text)


def shortened(text: str, limit: int) -> str:
    """Shorten a text to at most ``limit`` characters, with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def code_block(text: str, language: str = "") -> str:
    """Render a code block; its fence is longer than any in the text."""
    fence = "`" * max(3, _longest_ticks(text) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def quoted(text: str) -> str:
    """Render a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


def inline_code(text: str) -> str:
    """Render inline code that backticks inside cannot close."""
    flat = " ".join(text.split())
    tick = "`" * (_longest_ticks(flat) + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{tick}{pad}{flat}{pad}{tick}"


def folded(summary: str, body: str) -> str:
    """Render a collapsed section."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _longest_ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
