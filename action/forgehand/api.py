"""Name what the server's API speaks: its root, JSON, forms of values.

A value that has no form checked here is others' text: it goes to the log and the summary, never into an output.
"""

from __future__ import annotations

import re
from typing import Any

API = "/api/v1"
NAME = re.compile(r"[a-z][a-z-]{0,40}")
TASK_ID = re.compile(r"[0-9a-f]{12}")
Json = dict[str, Any]


def checked(pattern: re.Pattern[str], value: Any) -> str:
    """Return a text that has this form, "" for anything else."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""
