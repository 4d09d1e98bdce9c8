"""A pull request that brings configuration, plugins and look-alikes of the analysers: none runs, none has a say."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.analysis.layer import analyse
from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.port import Sandbox
from bot.sandbox.process import Process
from tests.analysis.trees import analysed, said, write
from tests.support.sandboxes import bubblewrap

CODE = {
    "app/run.py": "import subprocess\n\n\ndef run(name, seen=[]):\n    subprocess.run('ls ' + name, shell=True)\n",
    "app/menu.js": "export function show(value) {\n  return value === NaN;\n}\n",
    "run.sh": '#!/bin/sh\nrm -rf "$BUILD/"*\n',
    "Dockerfile": "FROM debian:12\nWORKDIR srv\n",
    ".github/workflows/ci.yml": (
        "on: pull_request\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: echo ${{ github.event.pull_request.title }}\n"
    ),
    "app/keys.py": 'KEY = "AK' + 'IAZ7QXW4RT2MPL9KDB"\n',
}
FOUND = {
    ("B006", 4),
    ("B602", 5),
    ("compare-with-nan", 2),
    ("SC2115", 2),
    ("DL3000", 2),
    ("template-injection", 7),
    ("aws-access-key", 1),
}


def planted(mark: Path) -> dict[str, str]:
    """Whatever an analyser, its interpreter or a plugin of it might pick up; whichever runs leaves ``mark``."""
    run = f"open({str(mark)!r}, 'w').write(__file__)\n"
    modules = ("sitecustomize", "usercustomize", "conftest", "yaml", "stevedore", "sarif_log", "launch", "ast_rules")
    packages = ("bandit", "ast_grep_py", "detect_secrets", "ruff", "bot", "requests", "rich")
    files = {f"{name}.py": run for name in modules} | {f"{name}/__init__.py": run for name in packages}
    files |= {f"app/{name}.py": run for name in modules}
    return files | {
        "planted.pth": f"import os; os.system('touch {mark}')\n",
        "ruff.toml": 'exclude = ["**"]\n[lint]\nselect = []\n',
        "app/.ruff.toml": 'lint.ignore = ["ALL"]\n',
        "pyproject.toml": '[tool.ruff]\nexclude = ["**"]\n[tool.bandit]\nexclude_dirs = ["app"]\nskips = ["B602"]\n',
        "setup.cfg": "[bandit]\nskips = B602\nexclude = /app\n",
        ".bandit": "[bandit]\nskips: B602\nexclude: /app\n",
        "app/.bandit": "[bandit]\nskips: B602\n",
        "sgconfig.yml": "ruleDirs: [.]\n",
        ".shellcheckrc": "disable=all\n",
        ".hadolint.yaml": "ignored: [DL3000]\n",
        ".github/zizmor.yml": "rules:\n  template-injection:\n    disable: true\n",
        "zizmor.yml": "rules:\n  template-injection:\n    disable: true\n",
        ".secrets.baseline": '{"plugins_used": [], "results": {}}\n',
        ".gitignore": "*\n",
        "plugin.py": run + "from detect_secrets.plugins.base import BasePlugin\n",
    }


@pytest.mark.parametrize(
    "sandbox",
    [pytest.param(Bubblewrap(), marks=pytest.mark.needs("sandbox")), Process(trust_code=True)],
    ids=["bubblewrap", "process"],
)
async def test_what_the_pull_request_ships_is_neither_run_nor_obeyed(tmp_path: Path, sandbox: Sandbox) -> None:
    mark = tmp_path / "ran"
    analysis = await analysed(tmp_path, {}, CODE | planted(mark), sandbox=sandbox)
    assert not mark.exists()
    assert analysis.not_run == ()
    assert {(one.rule, one.line) for one in analysis.new if one.path in CODE} == FOUND
    assert {one.tool for one in analysis.ran} == {
        "ruff", "bandit", "ast-grep", "zizmor", "shellcheck", "hadolint", "detect-secrets",
    }  # fmt: skip


async def test_links_and_odd_files_are_not_followed_and_large_ones_are_named(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"secret.py": CODE["app/keys.py"]})
    head = write(tmp_path / "head", {"huge.py": "x = 1\n" * 200_000, "fine.py": "y = 1\n", "image.py": "\0"})
    (head / "link.py").symlink_to(outside / "secret.py")
    (head / "folder").symlink_to(outside)
    (tmp_path / "base").mkdir()
    names = (
        "huge.py",
        "fine.py",
        "image.py",
        "link.py",
        "folder/secret.py",
        "../outside/secret.py",
        "/etc/passwd",
        "gone",
    )
    analysis = await analyse(bubblewrap(), tmp_path / "base", head, dict.fromkeys(names, frozenset({1})))
    assert analysis.new == ()
    assert set(analysis.unread) >= {"huge.py", "link.py"}
    assert all(run.files == 1 for run in analysis.ran)


async def test_strange_names_reach_the_tools_as_names(tmp_path: Path) -> None:
    bad = "def f(a=[]):\n    return a\n"
    names = [
        "--config.py",
        "a b/$(touch ran).py",
        "ünï/日本.py",
        "quote'\".py",
        "per%20cent.py",
        "new\nline.py",
        "-x/a.py",
    ]
    analysis = await analysed(tmp_path, {}, dict.fromkeys(names, bad))
    assert {one.path for one in analysis.new if one.rule == "B006"} == set(names)


BROKEN = {
    "deep.py": b"(" * 50_000,
    "deep.js": b"[" * 50_000,
    "deep.go": b"package a\n" + b"{" * 4_000,
    "bytes.py": b"x = '\xff'\n",
    "coding.py": b"# coding: nonsense\n",
    "bytes.js": b"\xff\xfe(((\n",
    "half.sh": b"#!/bin/sh\nif [ \n",
    "bytes.sh": b"#!/bin/sh\necho \xff\xfe\n",
    "x/Dockerfile": b"FRM \xff\n",
    "y/Dockerfile": b"RUN <<",
    ".github/workflows/half.yml": b"on: [\n",
    ".github/workflows/bytes.yml": b"on: \xff\n",
    ".github/workflows/list.yml": b"- 1\n",
    "half.yaml": b"a: [\n",
    "half.ini": b"[a\n=\n",
}


async def test_files_nobody_can_read_silence_no_tool_about_the_others(tmp_path: Path) -> None:
    head = write(tmp_path / "head", CODE)
    for path, data in BROKEN.items():
        (head / path).parent.mkdir(exist_ok=True)
        (head / path).write_bytes(data)
    (tmp_path / "base").mkdir()
    analysis = await analyse(
        bubblewrap(), tmp_path / "base", head, dict.fromkeys([*CODE, *BROKEN], frozenset(range(1, 9)))
    )
    assert {one.tool for one in analysis.not_run} == {"bandit", "zizmor"}, "they name what they could not parse"
    assert all("could not parse" in one.reason for one in analysis.not_run)
    assert {(one.rule, one.line) for one in analysis.new if one.path in CODE} == FOUND


async def test_a_secret_is_found_and_not_repeated(tmp_path: Path) -> None:
    value = "t7#Kq9" + "vLm2pZx4"
    analysis = await analysed(tmp_path, {}, {"conf.py": f'PASSWORD = "{value}"\n'})
    assert said(analysis) == {("secret-keyword", 1)}
    assert value not in analysis.model_dump_json()
