"""Every rule of ours finds what it claims and leaves the right code beside it alone, as run in the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.analysis.layer import analyse
from tests.support.sandboxes import bubblewrap

EXAMPLES: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("rule_examples.yml").read_text())
RULES = Path("bot/analysis/rules")
# a snippet that begins with ! stands at the top of its file or class, any other in a function
SHAPES = {
    "python": (".py", "{}\n", "{}\n"),
    "javascript": (".ts", "{}\n", "{}\n"),
    "tsx": (".tsx", "{}\n", "{}\n"),
    "go": (".go", "package a\n\nfunc f() {{\n\t{}\n}}\n", "package a\n\n{}\n"),
    "java": (".java", "class A {{\n  void f() {{\n    {}\n  }}\n}}\n", "class A {{\n  {}\n}}\n"),
    "rust": (".rs", "fn f() {{\n    {}\n}}\n", "{}\n"),
}


def written(folder: Path) -> dict[str, tuple[str, bool]]:
    """Each snippet in a file of its own: path -> (the rule, whether it must be found)."""
    wanted = {}
    for family, rules in EXAMPLES.items():
        suffix, inside, top = SHAPES[family]
        for rule, examples in rules.items():
            for kind in ("bad", "good"):
                for number, snippet in enumerate(examples[kind]):
                    path = f"src/{family}/{rule}/{kind}{number}{suffix}"
                    shape = top if snippet.startswith("!") else inside
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).write_text(shape.format(snippet.removeprefix("!")))
                    wanted[path] = (rule, kind == "bad")
    return wanted


@pytest.mark.parametrize("suffix", [None, ".js"], ids=["typescript and the rest", "javascript"])
async def test_each_rule_on_its_examples(tmp_path: Path, suffix: str | None) -> None:
    wanted = written(tmp_path / "head")
    if suffix:
        wanted = {path: what for path, what in wanted.items() if path.endswith(".ts")}
        renamed = {path: path.removesuffix(".ts") + suffix for path in wanted}
        for old, new in renamed.items():
            (tmp_path / "head" / old).rename(tmp_path / "head" / new)
        wanted = {renamed[path]: what for path, what in wanted.items()}
    (tmp_path / "base").mkdir()
    everywhere = frozenset(range(1, 30))
    analysis = await analyse(bubblewrap(), tmp_path / "base", tmp_path / "head", dict.fromkeys(wanted, everywhere))
    assert not analysis.not_run
    found = {(one.path, one.rule) for one in analysis.new if one.tool == "ast-grep"}
    wrong = [path for path, (rule, bad) in wanted.items() if ((path, rule) in found) != bad]
    assert wrong == []


def test_every_rule_has_examples_of_both_kinds() -> None:
    known = {(path.stem, rule["id"]) for path in RULES.glob("*.yml") for rule in yaml.safe_load_all(path.read_text())}
    shown = {
        ("javascript" if family == "tsx" else family, rule)
        for family, rules in EXAMPLES.items()
        for rule, examples in rules.items()
        if examples["bad"] and examples["good"]
    }
    assert known == shown
