"""PHPUnit: every verdict right, nothing lost, merged or made up; a lost test is named, and costs no other."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
import pytest_asyncio

from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.php.config import find_bootstrap, write_config
from bot.toolchains.port import TestRun, ToolchainError, Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain
from tests.support.patience import PATIENCE
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write
from tests.toolchains.zoos import Told, below, open_zoo, told

pytestmark = pytest.mark.needs("phpunit")
ZOO = Path(__file__).parent / "zoo"
Opened = tuple[RepositoryToolchain, Workspace]
PASSED, FAILED, SKIPPED = ("passed", "call"), ("failed", "call"), ("skipped", "call")
SETUP, TEARDOWN, UNLOADED = ("error", "setup"), ("error", "teardown"), ("error", "collect")
VERDICTS: Told = below(
    "tests/VerdictsTest.php::Shop\\Tests\\VerdictsTest",
    {
        "testPasses": PASSED, "testFails": FAILED, "testErrs": FAILED, "testTypeError": FAILED, "testSkips": SKIPPED,
        "testIsIncomplete": SKIPPED, "testAssertsNothing": FAILED, "testWarns": FAILED,
        'testTakes with data set "one"': PASSED, 'testTakes with data set "a/b "_<é_::_#2"': PASSED,
        "testTakes with data set #0": FAILED, "testHasNoData": UNLOADED, "testDepends": SKIPPED,
        "it_is_marked": PASSED, "testPrintsMarks": PASSED, "testRunsApart": PASSED, "testExpects": FAILED,
        "testMocks": FAILED,
    },
)  # fmt: skip
HOOKS: Told = {
    "tests/HooksTest.php::HooksTest::testIsKeptFromRunning": SETUP,
    "tests/TearDownTest.php::TearDownTest::testIsNotTidiedUp": TEARDOWN,
    "tests/TearDownTest.php::TearDownTest::testFailsByItself": FAILED,
    "tests/BeforeClassTest.php::BeforeClassTest::testIsKept": SETUP,
    "tests/BeforeClassTest.php::BeforeClassTest::testAndThis": SETUP,
    "tests/AfterClassTest.php::AfterClassTest::testIsWell": PASSED,
    "tests/AfterClassTest.php::AfterClassTest::tearDownAfterClass": TEARDOWN,
}
SOUND = ["Verdicts", "Hooks", "TearDown", "BeforeClass", "AfterClass", "Syntax", "Empty"]
# Each of them ends the whole run; what is left of the sample is one that a configuration finds.
ENDING = ["Exit0", "Exit3", "Signal", "Hang", "ExitsAtLoad"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zoo(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO, tmp_path_factory.mktemp("php"))


async def run(opened: Opened, *targets: str, seconds: float = PATIENCE) -> TestRun:
    toolchain, workspace = opened
    return await toolchain.test(workspace, targets, limits=Limits(seconds=seconds))


def of(*names: str) -> list[str]:
    return [f"tests/{name}Test.php" for name in names]


async def test_every_kind_of_verdict_with_its_phase(zoo: Opened) -> None:
    """What a test prints stands in PHPUnit's own log for TeamCity, line for line; ours does not hold it."""
    done = await run(zoo, *of(*SOUND))
    assert done.complete, (done.completeness, done.result.output[-2000:])
    assert told(done) == VERDICTS | HOOKS | {"tests/SyntaxTest.php": UNLOADED}
    said = {case.id.rpartition("::")[2]: case.message for case in done.cases}
    assert said["testFails"].startswith("AssertionError: it's [not] | so\nFailed asserting that 3 is identical to 4.")
    assert said["testErrs"] == "RuntimeException: no such thing\ntests/VerdictsTest.php:22"
    assert said["tests/SyntaxTest.php"].startswith("ParseError: syntax error")
    raised = {case.id.rpartition("::")[2]: case.raised for case in done.cases}
    assert [(one.type, one.path) for one in raised["testTypeError"]] == [("TypeError", "src/Cart.php")]
    assert sorted(path.name for path in zoo[1].tree.iterdir()) == ["phpunit.xml.dist", "src", "tests"]


@pytest.mark.parametrize("name", ["Exit0", "Exit3", "Signal"])
async def test_a_test_that_ends_the_process_is_named_and_costs_no_other_its_verdict(zoo: Opened, name: str) -> None:
    """PHPUnit itself ends with 0 and an empty JUnit file where a test calls ``exit(0)``."""
    done = await run(zoo, *of(name))
    file = f"tests/{name}Test.php::{name}Test"
    assert (done.complete, done.completeness.culprits) == (False, (f"{file}::testKills",))
    assert told(done) == below(
        file,
        {"testBefore": PASSED, "testKills": ("error", "crash"), "testBehind": FAILED, "testLast": PASSED},
    )


@pytest.mark.parametrize("name", ["Orphan", "ExitsAtLoad"])
async def test_a_file_that_does_not_load_keeps_no_other_away(zoo: Opened, name: str) -> None:
    done = await run(zoo, *of(name, "Hooks"))
    assert told(done) == {
        f"tests/{name}Test.php": UNLOADED,
        "tests/HooksTest.php::HooksTest::testIsKeptFromRunning": SETUP,
    }


async def test_a_file_that_ends_the_process_well_is_no_success(zoo: Opened) -> None:
    done = await run(zoo, *of("ExitsAtLoad"))
    assert (done.result.exit_code, done.complete) == (0, False)


async def test_a_hang_is_ended_and_named(zoo: Opened) -> None:
    done = await run(zoo, *of("Hang"), seconds=5)
    assert (done.complete, done.result.ended) == (False, "timeout")
    assert done.completeness.culprits == ("tests/HangTest.php::HangTest::testKills",)


async def test_one_test_is_told_alone_and_one_that_is_not_there_proves_nothing(zoo: Opened) -> None:
    wanted = [id for id in VERDICTS if "testTakes" in id]
    done = await run(zoo, *wanted)
    assert (done.complete, told(done)) == (True, {id: VERDICTS[id] for id in wanted})
    done = await run(zoo, "tests/VerdictsTest.php::Shop\\Tests\\VerdictsTest::testWasRenamed")
    assert (done.complete, done.cases) == (False, ())
    done = await run(zoo, *of("NotThere"))
    assert told(done) == {"tests/NotThereTest.php": UNLOADED}


@pytest.mark.parametrize(
    ("attribute", "tests"),
    [
        ("<directory>tests</directory>", {"HooksTest", "AfterClassTest", "TearDownTest", "BeforeClassTest"}),
        ("<directory suffix='DownTest.php'>tests/</directory>", {"TearDownTest"}),
        ("<file>./tests/HooksTest.php</file>", {"HooksTest"}),
        ("<directory>tests</directory><exclude>tests/HooksTest.php</exclude>",
         {"AfterClassTest", "TearDownTest", "BeforeClassTest"}),
    ],
)  # fmt: skip
async def test_the_whole_suite_is_what_the_configuration_says(tmp_path: Path, attribute: str, tests: set[str]) -> None:
    tree = shutil.copytree(ZOO, tmp_path / "zoo")
    for path in of(*ENDING, "Verdicts", "Syntax", "Empty", "Orphan"):
        (tree / path).unlink()
    config = '<phpunit bootstrap="./tests/bootstrap.php" stopOnError="true"><testsuites><testsuite name="a">'
    write(tree, {"phpunit.xml": f"{config}{attribute}</testsuite></testsuites></phpunit>"})
    done = await run(await open_zoo(tree, tmp_path / "run"))
    assert done.complete, done.completeness
    assert {id.split("::")[1] for id in told(done)} == tests
    assert told(done) == {id: verdict for id, verdict in HOOKS.items() if id.split("::")[1] in tests}


@pytest.mark.parametrize(
    ("text", "said"),
    [("<!DOCTYPE phpunit><phpunit/>", "document type"), ("<phpunit>", "is no XML")],
)
async def test_a_configuration_that_is_not_read_is_told(tmp_path: Path, text: str, said: str) -> None:
    tree = write(tmp_path / "zoo", {"phpunit.xml": text, "tests/ATest.php": "<?php\n"})
    opened = await open_zoo(tree, tmp_path / "run")
    with pytest.raises(ToolchainError, match=said):
        await run(opened)


def test_newer_phpunits_are_given_no_attribute_that_they_do_not_know() -> None:
    """They end with 1 where the configuration holds one."""
    own = '<phpunit stopOnError="true" failOnNotice="true" defaultTestSuite="a" cacheDirectory="c" bootstrap="b.php"/>'
    config = ElementTree.fromstring(own)
    written = ElementTree.fromstring(write_config(config, ["tests/ATest.php"], "/work", "/ours.php", by_events=True))
    assert written.attrib == {
        "stopOnError": "false", "failOnNotice": "false", "failOnRisky": "true", "bootstrap": "/ours.php",
        "cacheResult": "false", "colors": "false",
    }  # fmt: skip
    assert (find_bootstrap(config, "/work", ""), find_bootstrap(ElementTree.Element("phpunit"), "/work", "")) == (
        "/work/b.php", "",
    )  # fmt: skip
    assert "stopOnRisky" in write_config(config, [], "/work", "", by_events=False)


COMPOSER = '{"autoload": {"psr-4": {"Shop\\\\": "src/"}}, "repositories": [{"packagist.org": false}], %s}'


async def test_composer_loads_the_product_and_leaves_nothing_behind(tmp_path: Path) -> None:
    tree = shutil.copytree(ZOO, tmp_path / "zoo")
    suite = "<testsuite name='a'><file>tests/VerdictsTest.php</file></testsuite>"
    config = f"<phpunit><testsuites>{suite}</testsuites></phpunit>"
    write(tree, {"composer.json": COMPOSER % '"require": {"php": ">=8.0"}', "phpunit.xml.dist": config})
    opened = await open_zoo(tree, tmp_path / "run")
    done = await run(opened)
    assert (done.complete, told(done)) == (True, VERDICTS), (done.completeness, done.result.output[-2000:])
    # git knows no empty folders
    assert list((opened[1].tree / "vendor").iterdir()) == []
    assert not (opened[1].tree / "composer.lock").exists()


async def test_composer_installs_what_a_folder_around_names(tmp_path: Path) -> None:
    needs = '{"require-dev": {"phpunit/phpunit": "^9"}, "autoload": {"psr-4": {"Shop\\\\": "lib/php/src/"}}, %s}'
    test = "class ATest extends PHPUnit\\Framework\\TestCase { function testIs() { $this->assertTrue(Shop\\A::IS); } }"
    tree = write(tmp_path / "zoo", {
        "composer.json": needs % '"repositories": [{"packagist.org": false}]',
        "lib/php/phpunit.xml": "<phpunit/>", "lib/php/tests/ATest.php": f"<?php\n{test}",
        "lib/php/src/A.php": "<?php\nnamespace Shop;\nclass A { const IS = true; }\n",
    })  # fmt: skip
    opened = await open_zoo(tree, tmp_path / "run")
    done = await run(opened)
    assert (done.complete, told(done)) == (True, {"lib/php/tests/ATest.php::ATest::testIs": PASSED}), done
    assert not (opened[1].tree / "composer.lock").exists()


async def test_without_a_registry_the_tests_own_classes_are_loaded_too(tmp_path: Path) -> None:
    needs = '"require-dev": {"phpunit/phpunit": "^9"}, "autoload-dev": {"psr-0": {"Stub": "support/"}}'
    opened = await open_zoo(ZOO, tmp_path, {"composer.json": COMPOSER % needs})
    assert "/support" in (opened[1].env / "vendor/composer/autoload_namespaces.php").read_text()


async def test_another_phpunit_is_told_to_be_read_by_its_junit_file(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", {"phpunit.xml": "<phpunit/>", "tests/ATest.php": "<?php\n"})
    listed = '{"packages": [{"name": "phpunit/phpunit",\n "version": "14.0.2"}]}'
    write(tmp_path / "env", {"vendor/composer/installed.json": listed})
    toolchain = make_toolchain(bubblewrap(), Checks(), tree, Settings())
    with pytest.raises(ToolchainError, match="PHPUnit 14 runs the tests; PHPUnit 9 to 13 are understood"):
        await toolchain.test(Workspace(tree=tree, env=tmp_path / "env"), limits=Limits(seconds=PATIENCE))


FORGERY = """<?php
final class LiarTest extends PHPUnit\\Framework\\TestCase
{
    public static function tearDownAfterClass(): void
    {
        register_shutdown_function(fn () => exit(0));
    }

    public function testLies(): void
    {
        $folder = getenv('FORGEHAND_RESULTS');
        $this->assertFileDoesNotExist("$folder/key");
        file_put_contents("$folder/results.jsonl", '{"event": "end"}' . "\\n", FILE_APPEND);
    }

    public function testFails(): void
    {
        $this->assertTrue(false);
    }
}
"""


async def test_forged_lines_are_not_read_and_a_changed_exit_is_noticed(tmp_path: Path) -> None:
    tree = write(tmp_path / "zoo", {"phpunit.xml": "<phpunit/>", "tests/LiarTest.php": FORGERY})
    done = await run(await open_zoo(tree, tmp_path / "run"))
    assert (done.result.exit_code, done.complete) == (0, False)
    assert told(done) == below("tests/LiarTest.php::LiarTest", {"testLies": PASSED, "testFails": FAILED})
