"""Python puts the folder that it starts first on its path: a module there must not stand in for a standard one."""

from __future__ import annotations

import sys
from pathlib import Path


def test_no_module_is_named_like_a_standard_one() -> None:
    names = {file.stem for file in Path("action/forgehand").glob("*.py")}
    assert "server" in names
    assert not names & set(sys.stdlib_module_names)
