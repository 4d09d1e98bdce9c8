"""The generated pages say what the declarations say, and a change that forgets them is noticed."""

from __future__ import annotations

from pathlib import Path

from handlers import HANDLERS
from handlers.manual import main


def test_the_pages_tell_of_every_command_and_key_and_a_stale_one_is_noticed(tmp_path: Path) -> None:
    assert main([], tmp_path) == 0
    page, keys = tmp_path / "commands.md", (tmp_path / "policy.md").read_text()
    text = page.read_text()
    for command in HANDLERS.commands.values():
        assert f"\n## {command.name}\n\n`{command.usage}`\n" in text
        assert all(f"| `{typed}` | {told} |" in text for typed, told in command.examples)
    for name, rules in HANDLERS.registry.schema.sections.items():
        assert f"\n## {name}\n" in keys
        assert all(field.description and f"| `{key}` |" in keys for key, field in rules.model_fields.items())
    assert main(["--check"], tmp_path) == 0
    page.write_text(text.replace("/fix", "/mend", 1))
    assert main(["--check"], tmp_path) == 1
    assert main(["--check"]) == 0
