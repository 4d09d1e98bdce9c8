"""Run our ast-grep rules inside the sandbox.

``ast_rules RULES_DIR FILE...`` writes SARIF to standard output. Rules with ``metadata: {tests: false}`` skip what the
regular expression in the environment finds; ``metadata: {languages: [tsx]}`` restricts one to some of its file's
languages. A finding is on the first line of what the rule matches; ``metadata: {whole: true}``: on all its lines, as a
change to any of them may cause it.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import sarif_log  # type: ignore[import-not-found]
import yaml
from ast_grep_py import SgRoot

# suffix -> (language of the parser, file of rules)
LANGUAGES = {
    ".py": ("python", "python"),
    ".js": ("javascript", "javascript"),
    ".mjs": ("javascript", "javascript"),
    ".cjs": ("javascript", "javascript"),
    ".jsx": ("javascript", "javascript"),
    ".ts": ("typescript", "javascript"),
    ".mts": ("typescript", "javascript"),
    ".cts": ("typescript", "javascript"),
    ".tsx": ("tsx", "javascript"),
    ".go": ("go", "go"),
    ".java": ("java", "java"),
    ".rs": ("rust", "rust"),
}
_LEVELS = {"error": "error", "warning": "warning"}

Rule = dict[str, Any]


def load_rules(folder: Path) -> dict[str, list[Rule]]:
    """Load the rules by the name of their file."""
    texts = {path.stem: path.read_text() for path in folder.glob("*.yml")}
    # libyaml reads them in a tenth of the time
    return {name: [rule for rule in yaml.load_all(text, yaml.CSafeLoader) if rule] for name, text in texts.items()}


def scan(path: str, text: str, rules: dict[str, list[Rule]], in_tests: bool) -> list[dict[str, Any]]:
    """Scan one file; return its SARIF results."""
    language, family = LANGUAGES[Path(path).suffix.lower()]
    root = SgRoot(text, language).root()
    results = []
    for rule in rules.get(family, []):
        metadata = rule.get("metadata", {})
        if language not in metadata.get("languages", [language]) or (in_tests and not metadata.get("tests", True)):
            continue
        config: Any = {key: rule[key] for key in ("rule", "constraints", "utils") if key in rule}
        for node in root.find_all(config):
            place = node.range()
            level = _LEVELS.get(rule.get("severity", ""), "note")
            line = place.start.line + 1
            end_line = place.end.line + 1 if metadata.get("whole") else line
            results.append(sarif_log.make_result(rule["id"], level, rule["message"].strip(), path, line, end_line))
    return results


def main() -> None:
    _, folder, *paths = sys.argv
    tests = os.environ["FORGEHAND_TEST_PATHS"]
    rules = load_rules(Path(folder))
    results = []
    for path in paths:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
        results += scan(path, text, rules, re.search(tests, path) is not None)
    sarif_log.write_log("ast-grep", results)


if __name__ == "__main__":
    main()
