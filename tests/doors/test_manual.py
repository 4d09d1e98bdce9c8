"""docs/commands.md is what the commands say of themselves, and a change that forgets it is noticed."""

from __future__ import annotations

from pathlib import Path

from handlers import HANDLERS
from handlers.manual import main


def test_the_page_tells_of_every_command_and_a_stale_one_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "commands.md"
    assert main([], page) == 0
    text = page.read_text()
    for command in HANDLERS.commands.values():
        assert f"\n## {command.name}\n\n`{command.usage}`\n" in text
        assert all(f"| `{typed}` | {told} |" in text for typed, told in command.examples)
    assert main(["--check"], page) == 0
    page.write_text(text.replace("/fix", "/mend", 1))
    assert main(["--check"], page) == 1
    assert main(["--check"]) == 0
