"""A secret's place in its line, as the scanner in the sandbox reports it.

All of it, once, and nothing beside it.
"""

from __future__ import annotations

from pathlib import Path

from bot.analysis.layer import analyse
from tests.support.sandboxes import bubblewrap

LINES = (
    ('evil(); DB_PASSWORD = "Xk29fj20fkQz"  # late', ["Xk29fj20fkQz"]),
    ('url = "https://admin:s3cr3tPassw0rd9@db.local/x"', ["s3cr3tPassw0rd9"]),
    (
        'KEY = "AKIAIOSFODNN7ABCDEFG"; TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"',
        ["AKIAIOSFODNN7ABCDEFG", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"],
    ),
    ("name = 'nothing to hide'", []),
)


async def test_a_secret_is_found_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "head").mkdir()
    (tmp_path / "head" / "conf.py").write_text("".join(f"{line}\r\n" for line, _ in LINES), newline="")
    every = {"conf.py": frozenset(range(1, 9))}
    analysis = await analyse(bubblewrap(), tmp_path / "base", tmp_path / "head", every)
    found = sorted((one.line, one.columns) for one in analysis.new if one.tool == "detect-secrets" and one.columns)
    assert [(line, LINES[line - 1][0][first - 1 : behind - 1]) for line, (first, behind) in found] == [
        (number, value) for number, (_, values) in enumerate(LINES, 1) for value in values
    ]
