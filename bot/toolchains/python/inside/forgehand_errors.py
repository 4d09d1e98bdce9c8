"""Describe the exceptions that ended a test.

That is type, message, and which file of the repository raised each. It needs only the standard library of any Python
from 3.7 on.
"""

# os.path rather than pathlib: this also runs on old Pythons
# ruff: noqa: PTH100, PTH113, PTH118, PTH123
from __future__ import annotations

import os
from typing import Any

_MOST = 5
_MESSAGE = 1000
# Modules of mocks, which raise what a test told them to raise.
_STAND_INS = ("unittest.mock", "mock")


def describe_errors(error: Any) -> list[dict[str, Any]]:
    """Describe the exception that ended a test, then its causes.

    ``path`` is the innermost file of the repository in the traceback, "" where there is none. ``genuine``: that file
    really contains the code that ran, and no stand-in raised on its behalf.
    """
    try:
        return _describe(error)
    except Exception:  # noqa: BLE001 - an exception of the repository may raise wherever it is looked at
        return []


def _describe(error: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    seen = set()
    while error is not None and id(error) not in seen and len(found) < _MOST:
        seen.add(id(error))
        path, genuine = _raised_in(error.__traceback__)
        found.append(
            {"type": str(type(error).__name__), "message": str(error)[:_MESSAGE], "path": path, "genuine": genuine}
        )
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def _raised_in(trace: Any) -> tuple[str, bool]:
    root = os.path.abspath(os.environ.get("FORGEHAND_ROOT") or ".")
    path = ""
    code = None
    last = ""
    while trace is not None:
        frame = trace.tb_frame
        last = str(frame.f_globals.get("__name__"))
        inside = os.path.relpath(os.path.abspath(frame.f_code.co_filename), root)
        if not inside.startswith(os.pardir) and os.path.isfile(os.path.join(root, inside)):
            path = inside
            code = frame.f_code
        trace = trace.tb_next
    genuine = code is not None and last not in _STAND_INS and _holds(os.path.join(root, path), code)
    return path.replace(os.sep, "/"), genuine


def _holds(path: str, code: Any) -> bool:
    """Return whether a file's source compiles to this code."""
    # A name alone may be borrowed (``compile(text, name)``).
    try:
        with open(path, "rb") as stream:
            waiting = [compile(stream.read(), code.co_filename, "exec", dont_inherit=True)]
    except (OSError, SyntaxError, ValueError):
        return False
    while waiting:
        one = waiting.pop()
        if one == code:
            return True
        waiting += [part for part in one.co_consts if isinstance(part, type(code))]
    return False
