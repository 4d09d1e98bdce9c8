"""Diagrams: what Mermaid draws passes, what it does not draw or what a page would obey is told."""

from __future__ import annotations

import pytest

from bot.plans.mermaid import find_fault

FLOW = """flowchart TD
  A[Read the file] --> B{Is it old?}
  B -->|yes| C[(Cache)]
  B -- no --> D("Parse it (again)")
  subgraph later
    C & D --> E((Done))
  end
"""
SEQUENCE = """sequenceDiagram
  participant C as Client
  actor U
  U->>C: parse("1h")
  Note over C,U: one call
  alt known unit
    C-->>U: 3600
  else
    C-->>U: DurationError
  end
"""


@pytest.mark.parametrize("diagram", [FLOW, SEQUENCE, "graph LR\nA-->B-->C", "flowchart LR\nA---B\nB-.->C\nC==>D"])
def test_what_can_be_drawn_passes(diagram: str) -> None:
    assert find_fault(diagram) is None


@pytest.mark.parametrize(
    ("diagram", "fault"),
    [
        ("", "empty"),
        ("pie title Pets", "must begin with"),
        ("flowchart TD", "shows nothing"),
        ("flowchart XY\nA-->B", "must begin with"),
        ("flowchart TD\nA[Open --> B", "Line 2"),
        ("flowchart TD\nA --> \nB", "Line 2"),
        ("flowchart TD\nA -> B", "Line 2"),
        ("flowchart TD\nsubgraph x\nA-->B", "no `end`"),
        ("flowchart TD\nA-->B\nend", "not begun"),
        ("flowchart TD\nA-->B\nclick A href", "Line 3"),
        ("flowchart TD\nA[x<b>y</b>]-->B", "Line 2"),
        ("%%{init: {}}%%\nflowchart TD\nA-->B", "must begin with"),
        ("sequenceDiagram\nA->>B", "Line 2"),
        ("sequenceDiagram\nelse\nA->>B: x", "Line 2"),
        ("sequenceDiagram\nloop all\nA->>B: x", "no `end`"),
        ("flowchart TD\n" + "A-->B\n" * 61, "more than 60"),
    ],
)
def test_what_cannot_is_told(diagram: str, fault: str) -> None:
    assert fault in (find_fault(diagram) or "")
