"""``forgehand demo --language``: each sample's recorded answers lead to a verified pull request."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.local.demo import list_languages
from tests.support.notrun import need

# what of tests/support/notrun.py a sample needs, beside the sandbox
NEEDS = {"go": "go", "node": "node"}


@pytest.mark.needs("sandbox")
@pytest.mark.parametrize("language", [one for one in list_languages() if one != "python"])
def test_a_samples_bug_becomes_a_verified_pull_request(tmp_path: Path, language: str) -> None:
    need(NEEDS[language])
    env = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    command = [sys.executable, "-m", "bot.cli", "demo", "--language", language, "--exit", "--plain"]
    done = subprocess.run(
        command, env=env | {"FORGEHAND_DATA_DIR": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verified: the pull request is open and its fix is proved" in done.stdout


def test_a_language_without_a_sample_is_wrong_usage() -> None:
    done = CliRunner().invoke(main, ["demo", "--language", "cobol"])
    assert done.exit_code == 2
    assert "There is no sample in cobol. There is one in go, node" in done.output
