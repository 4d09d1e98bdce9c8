"""Options of node in mocha's configuration: mocha would start another process for them, which nobody hears."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.toolchains.node.mocha import read_node_options
from tests.toolchains.node.conftest import Open
from tests.toolchains.zoos import told

JSON = '{\n\t// "loader": "a"\n\t"import": ["tsx", "./b//c.js"], /* "expose-gc": true, */\n\t"timeout": 5\n}\n'

ALIASES = "import: b\na: &a {c: d}\n" + "".join(f"a{n}: *a\n" for n in range(101))


@pytest.mark.parametrize(
    ("files", "options", "expected"),
    [
        ({".mocharc.json": JSON}, (), ("--import=tsx", "--import=./b//c.js")),
        ({".mocharc.yml": "node-option: [loader=ts-node/esm, --expose-gc]\nimport: x\nspec: t\n"}, (),
         ("--loader=ts-node/esm", "--expose-gc")),
        ({".mocharc.yaml": "max-old-space-size: 99\nexpose_gc: true\nuse-strict: false\n"}, (),
         ("--max-old-space-size=99", "--expose_gc")),
        ({"package.json": '{"mocha": {"n": "expose-gc", "require": "x"}}'}, (), ("--expose-gc",)),
        ({"package.json": '{"mocha": {"loader": "a", "import": "b"}}', ".mocharc.json": '{"loader": "c"}'}, (),
         ("--loader=c", "--import=b")),
        # the folder's own before those above it; what the command line says before both
        ({".mocharc.yml": "import: a", "p/q/.mocharc.yml": "import: b"}, (), ("--import=b",)),
        ({"p/.mocharc.yml": "import: a"}, (), ("--import=a",)),
        ({".mocharc.yml": "import: a", "p/q/own.json": '{"import": "b"}'}, ("--config", "own.json"), ("--import=b",)),
        ({".mocharc.yml": "import: a"}, ("--no-config",), ()),
        ({"package.json": '{"mocha": {"import": "a"}}'}, ("--no-package",), ()),
        ({".mocharc.yml": "v8-stack-trace-limit: 7"}, (), ("--stack-trace-limit=7",)),
        ({".mocharc.json": '{"import": ["a\\u0000", "b\\ud800", "c"]}'}, (), ("--import=c",)),
        ({".mocharc.yml": f"max-old-space-size: 0x{'f' * 10_000}"}, (), ()),
        ({}, ("--config", "a" * 300), ()),
        # what takes long to read, or could
        ({".mocharc.json": '"' + '\\"' * 500_000}, (), ()), ({".mocharc.yml": ALIASES}, (), ()),
        # programs are not run, files that are none of theirs not read, other values than options count as absent
        ({".mocharc.cjs": "module.exports = {}", ".mocharc.yml": "import: a"}, (), ()),
        ({"package.json": "{}"}, ("--config=../../../outside.yml",), ()),
        ({".mocharc.yml": "import: {a: b}\nloader: null"}, (), ()), ({".mocharc.yml": "a: ["}, (), ()),
        ({".mocharc.json": "[]", "package.json": '{"mocha": []}'}, (), ()),
    ],
)  # fmt: skip
def test_what_the_configuration_gives_node(
    tmp_path: Path, files: dict[str, str], options: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    tree = tmp_path / "tree"
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / "p/q").mkdir(parents=True, exist_ok=True)
    (tmp_path / "outside.yml").write_text("import: a\n")
    assert read_node_options(tree, "p/q", options) == expected


@pytest.mark.needs("node", "javascript runners")
@pytest.mark.parametrize(("script", "loaded"), [("mocha", "prepared"), ("mocha --import=./named.mjs", "named")])
async def test_tests_run_with_them_and_are_heard(open_project: Open, script: str, loaded: str) -> None:
    """What the command line names replaces what the configuration has, as mocha does it."""
    text = (
        f"it('is prepared', () => require('assert').deepEqual([typeof gc, globalThis.set], ['function', '{loaded}']))\n"
    )
    files = {
        "package.json": f'{{"scripts": {{"test": "{script}"}}}}',
        ".mocharc.json": '{"expose-gc": true, "import": "./prepare.mjs", "timeout": 5000}',
        "prepare.mjs": "globalThis.set = 'prepared';\n",
        "named.mjs": "globalThis.set = 'named';\n",
        "test/one.test.cjs": text,
    }
    toolchain, workspace = open_project(files=files)
    run = await toolchain.test(workspace, ["test/one.test.cjs"])
    assert run.complete, (run.completeness, run.result.output[-2000:])
    assert told(run) == {"test/one.test.cjs::is prepared": ("passed", "call")}
