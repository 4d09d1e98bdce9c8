"""Linters that a repository configures, really run in its environment: only what a change makes worse counts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.change.own_lint import own_lint_gates
from bot.change.records import Gate
from bot.git.changes import Changes
from bot.git.mirrors import Mirror
from bot.settings import Checks, Settings
from bot.toolchains.repository import make_toolchain
from bot.work.workshop import Workshop
from tests.change.test_runs import commit
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

SHELL = {".shellcheckrc": "", "run.sh": "#!/bin/sh\necho $1\n"}
QUIET = Checks(setup="true", test="true", results="exit")
CARGO = '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n\n[lints.clippy]\npedantic = "warn"\n'
RUST = "pub fn one() -> bool {\n    true\n}\n\n#[test]\nfn works() {\n    assert!(one());\n}\n"


async def judge(
    folder: Path, files: dict[str, str], changed: dict[str, str], checks: Checks = QUIET, **own: object
) -> list[Gate]:
    """Commit the files, change them, and return the gates."""
    git_dir = folder / "repo.git"
    sha = await asyncio.to_thread(commit, write(folder / "source", files), git_dir)
    mirror = Mirror(git_dir, "http://127.0.0.1", "http://127.0.0.1/octo/sample.git")

    async def find_mirror() -> Mirror:
        return mirror

    sandbox, settings = bubblewrap(), Settings(**own)  # type: ignore[arg-type]
    workshop = Workshop(
        folder / "task", find_mirror, sha, sandbox, lambda tree: make_toolchain(sandbox, checks, tree, settings)
    )
    return list(await own_lint_gates(workshop, mirror, sha, files.keys(), Changes(files=dict(changed))))


@pytest.mark.needs("sandbox", "shellcheck")
async def test_new_findings_fail_and_old_ones_that_moved_do_not(tmp_path: Path) -> None:
    moved = {"run.sh": "#!/bin/sh\n# said first\necho $1\n"}
    (gate,) = await judge(tmp_path / "a", SHELL, moved)
    assert (gate.name, gate.passed, gate.before) == ("shellcheck on the changed files", True, "1 finding")
    (gate,) = await judge(
        tmp_path / "b", SHELL, {"run.sh": SHELL["run.sh"] + 'cd "$1"\n', "new.sh": "#!/bin/sh\necho $2\n"}
    )
    assert (gate.passed, gate.after) == (False, "2 new")
    assert "new.sh: SC2086 Double quote to prevent globbing and word splitting." in gate.detail.splitlines()
    assert "run.sh: SC2164" in gate.detail


@pytest.mark.needs("sandbox", "shellcheck")
async def test_a_change_does_not_choose_what_is_looked_for(tmp_path: Path) -> None:
    worse = {
        "run.sh": SHELL["run.sh"] + "echo $2\n",
        ".shellcheckrc": "disable=SC2086\n",
        "a/.shellcheckrc": "disable=all\n",
    }
    (gate,) = await judge(tmp_path, SHELL, worse)
    assert (gate.passed, gate.after) == (False, "1 new")


@pytest.mark.needs("sandbox", "shellcheck")
async def test_a_folder_is_checked_by_its_nearest_configuration(tmp_path: Path) -> None:
    files = {"a/.shellcheckrc": "", "a/b/.shellcheckrc": "disable=SC2086\n", "a/b/run.sh": "#!/bin/sh\n", "c.sh": ""}
    changed = {"a/b/run.sh": "#!/bin/sh\necho $1\n", "a/new.sh": "#!/bin/sh\necho $1\n", "c.sh": "echo $1\n"}
    near, far = await judge(tmp_path, files, changed)
    assert [(gate.passed, gate.detail.partition(" ")[0]) for gate in (far, near)] == [(False, "a/new.sh:"), (True, "")]


@pytest.mark.needs("sandbox")
async def test_what_cannot_be_run_is_told_and_never_silently_less(tmp_path: Path) -> None:
    files = {"ruff.toml": "", "a.py": "", ".golangci.yml": "", "a.go": "", "tox.ini": "[tox]\n"}
    golangci, ruff = await judge(tmp_path, files, {"a.py": "import os\n", "a.go": "package a\n"})
    why = "not run, though `ruff.toml` configures it: it is not installed where the tests run"
    assert (ruff.passed, ruff.after) == (True, why)
    assert golangci.after == "not run, though `.golangci.yml` configures it: its report cannot be read yet"


@pytest.mark.needs("sandbox", "shellcheck")
async def test_a_linter_that_stops_working_with_the_change_fails(tmp_path: Path) -> None:
    # the repository's own command of that name, found before the machine's
    own = '#!/bin/sh\ngrep -q worse run.sh && exit 3\nexec /usr/bin/shellcheck "$@"\n'
    setup = f"mkdir -p /env/bin && cat > /env/bin/shellcheck <<'END'\n{own}END\nchmod +x /env/bin/shellcheck"
    checks = QUIET.model_copy(update={"setup": setup})
    (gate,) = await judge(tmp_path, SHELL, {"run.sh": "#!/bin/sh\necho worse\n"}, checks)
    assert (gate.passed, gate.after) == (False, "it ended with 3 (exit)")


@pytest.mark.needs("sandbox", "rubocop", "ruby")
async def test_rubocop_by_the_repositorys_rules(tmp_path: Path) -> None:
    files = {".rubocop.yml": "AllCops:\n  NewCops: disable\n", "lib/a.rb": "x = 1\n", "spec/a_spec.rb": ""}
    (gate,) = await judge(tmp_path, files, {"lib/a.rb": "x = 1\nputs 'a' if x == nil\n"})
    assert (gate.passed, "lib/a.rb: Style/NilComparison" in gate.detail) == (False, True), gate


@pytest.mark.needs("sandbox", "clippy")
async def test_clippy_is_asked_for_the_package_and_only_the_change_counts(tmp_path: Path) -> None:
    files = {
        "shop/Cargo.toml": CARGO,
        "shop/src/lib.rs": f"pub mod other;\n{RUST}",
        "shop/src/other.rs": "pub fn f() -> i32 { return 1; }\n",
    }
    worse = files["shop/src/lib.rs"] + "#[must_use]\npub fn two(x: bool) -> bool {\n    x == true\n}\n"
    (gate,) = await judge(tmp_path, files, {"shop/src/lib.rs": worse}, Checks(), registries=["registry.invalid"])
    assert (gate.passed, gate.after) == (False, "1 new"), gate
    assert gate.detail.startswith("shop/src/lib.rs: clippy::bool_comparison")


@pytest.mark.needs("sandbox")
async def test_ruff_and_flake8_of_the_prepared_environment(tmp_path: Path) -> None:
    files = {"pyproject.toml": '[tool.ruff.lint]\nselect = ["F"]\n', "setup.cfg": "[flake8]\nselect = E7\n"}
    files |= {"a.py": "import os\n"}
    checks = QUIET.model_copy(update={"setup": "pip install -q ruff flake8"})
    gates = await judge(tmp_path, files, {"a.py": "import os\nimport sys; x = 1\n"}, checks)
    told = {gate.name.partition(" ")[0]: (gate.passed, gate.before, gate.detail) for gate in gates}
    assert told == {
        "ruff": (False, "1 finding", "a.py: F401 `sys` imported but unused"),
        "flake8": (False, "0 findings", "a.py: E702 multiple statements on one line (semicolon)"),
    }


@pytest.mark.needs("sandbox", "node", "npm")
async def test_eslint_of_a_member_with_its_own_configuration(tmp_path: Path) -> None:
    manifest = '{"scripts": {"test": "node --test"}, "devDependencies": {"eslint": "9.39.1"}}'
    config = "export default [{ rules: { 'no-var': 'error', 'eqeqeq': 'warn' } }];\n"
    files = {"web/package.json": manifest, "web/eslint.config.mjs": config, "web/src/a.js": "var a = 1;\n"}
    files |= {"web/test/a.test.js": "", "setup.cfg": "", "b.py": "", "b.js": ""}
    changed = {"web/src/a.js": "var a = 1;\nvar b = a == 2;\n", "b.js": "var c;\n"}
    (gate,) = await judge(tmp_path, files, changed, Checks())
    assert (gate.passed, gate.before, gate.after) == (False, "1 finding", "1 new"), gate
    assert gate.detail == "web/src/a.js: no-var Unexpected var, use let or const instead."
