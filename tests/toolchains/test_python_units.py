"""Which repositories are Python's, beside other languages and without any."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.port import ToolchainError
from bot.toolchains.python.installation import require_python
from bot.toolchains.repository import make_toolchain
from tests.toolchains.conftest import write

TEST = "def test_adds():\n    assert True\n"
NODE = '{"scripts": {"test": "node --test"}}'
JS = "// adds\n" * 20
C = "int main(void) { return 0; }\n" * 20


@pytest.mark.parametrize(
    ("files", "languages"),
    [
        # settings of a linter, requirements of a script or of the documentation
        ({"package.json": NODE, "index.js": JS, "pyproject.toml": "[tool.codespell]\n", "tools/gen.py": ""}, "node"),
        ({"go.mod": "", "a_test.go": "func TestA(t *testing.T) {}", "requirements.txt": "mkdocs\n"}, "go"),
        ({"package.json": NODE, "pyproject.toml": "", "tests/test_a.py": TEST}, "python, node"),
        ({"package.json": NODE, "python/tests/test_a.py": TEST}, "python, node"),
        # a package without tests yet, and a server that is most of what is written
        ({"web/package.json": NODE, "web/index.js": JS, "pyproject.toml": "[project]\nname = 'a'\n"}, "python, node"),
        ({"web/package.json": NODE, "web/index.js": "", "requirements.txt": "flask\n", "app.py": JS}, "python, node"),
        # tests that are no functions named test: their settings, what they import, examples
        (
            {"package.json": NODE, "a.js": JS, "setup.cfg": "[tool:pytest]\npython_functions = check_*\n"},
            "python, node",
        ),
        ({"package.json": NODE, "a.js": JS, "setup.cfg": "[metadata]\nname = a\n"}, "python, node"),
        ({"package.json": NODE, "a.js": JS, "requirements.txt": "", "t.py": "import pytest_bdd\n"}, "python, node"),
        ({"package.json": NODE, "a.js": JS, "requirements.txt": "", "calc.py": "# >>> no\n>>> 1\n"}, "python, node"),
        # a script that builds the tests of another language
        ({"package.json": NODE, "test/build_test.py": "import os\nos.system('gcc a.c')\n"}, "node"),
    ],
)
def test_python_stands_beside_another_language_where_it_tests(
    tmp_path: Path, files: dict[str, str], languages: str
) -> None:
    assert make_toolchain(NoSandbox(), Checks(), write(tmp_path, files), Settings()).name == languages


def test_a_policys_own_command_keeps_python(tmp_path: Path) -> None:
    tree = write(
        tmp_path, {"package.json": NODE, "a.js": JS, "requirements.txt": "behave\n", "features/steps/s.py": ""}
    )
    assert make_toolchain(NoSandbox(), Checks(test="behave"), tree, Settings()).name == "python"


@pytest.mark.parametrize(
    ("files", "known"),
    [
        ({"calc.py": ""}, True),
        ({"calc.py": "a = 1\n" * 20, "run.sh": "python calc.py\n"}, True),
        ({"calc.pl": "print 1;\n" * 20, "setup.py": ""}, True),
        ({"src/a.c": C, "tests/test_a.py": TEST}, True),
        # scripts of a library in C, and of one in a language that is not known
        ({"src/a.c": C, "scripts/run-tests.py": "print()\n"}, False),
        ({"test/build_test.py": "import os\n", "src/a.c": C}, False),
        ({"lib/Ack.pm": "package Ack;\n" * 20, "t/run_yaml_test.py": TEST}, False),
        # the one test beside a library in Perl, several tests, and data with a language's ending
        ({"lib/Ack.pm": "package Ack;\n" * 20, "t/test_a.py": TEST, "t/test_b.py": TEST}, True),
        ({"data/deps.d": "a: b\n" * 200, "tests/test_a.py": TEST}, True),
        ({"README.md": ""}, False),
    ],
)
def test_scripts_of_another_language_are_told_to_have_no_tests(
    tmp_path: Path, files: dict[str, str], known: bool
) -> None:
    tree = write(tmp_path, files)
    if known:
        require_python(tree)
        return
    with pytest.raises(ToolchainError, match="no tests that I can run here"):
        require_python(tree)
