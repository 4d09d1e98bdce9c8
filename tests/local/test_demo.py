"""``forgehand demo --language``: each sample's recorded answers lead to a verified pull request."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.local.demo import list_languages
from tests.support.maven import serve_mirror
from tests.support.notrun import need

# what of tests/support/notrun.py a sample needs, beside the sandbox
NEEDS = {"cpp": "cmake", "go": "go", "java": "maven", "node": "node", "ruby": "ruby", "rust": "cargo"}


@contextmanager
def environment(folder: Path, language: str) -> Iterator[dict[str, str]]:
    """Of a user without a key of a model; for Java, one behind a mirror."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    kept["FORGEHAND_DATA_DIR"] = str(folder / "data")
    if language == "java":
        with serve_mirror(folder) as (address, certificate):
            yield kept | {"FORGEHAND_MAVEN_MIRROR": address, "SSL_CERT_FILE": str(certificate)}
    else:
        yield kept


@pytest.mark.needs("sandbox")
@pytest.mark.parametrize("language", [one for one in list_languages() if one != "python"])
def test_a_samples_bug_becomes_a_verified_pull_request(tmp_path: Path, language: str) -> None:
    need(NEEDS[language])
    command = [sys.executable, "-m", "bot.cli", "demo", "--language", language, "--exit", "--plain"]
    with environment(tmp_path, language) as env:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verified: the pull request is open and its fix is proved" in done.stdout


def test_a_language_without_a_sample_is_wrong_usage() -> None:
    done = CliRunner().invoke(main, ["demo", "--language", "cobol"])
    assert done.exit_code == 2
    assert "There is no sample in cobol. There is one in cpp, go" in done.output
