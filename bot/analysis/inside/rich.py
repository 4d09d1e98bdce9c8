"""Stand in for rich, which takes a third of bandit's start to import.

bandit shows its progress over many files with it, and nothing where it is told to be quiet, as here.
"""

from __future__ import annotations

from types import SimpleNamespace

progress = SimpleNamespace()
