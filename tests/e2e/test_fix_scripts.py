"""The fix's story in PHP, in shell scripts and in Elixir: a bug in each becomes a verified pull request."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.answers import new_file
from tests.e2e.bug import Bug, tell_fix
from tests.e2e.conftest import Tell

BODY = "The price 2.50 is read as 200 but it should be 250. Whole prices are right."


class Sample(NamedTuple):
    """A bug, the command that tests it, and a new file that no change may make."""

    bug: Bug
    command: str
    config: tuple[str, str]


PHP = Sample(
    Bug(
        {
            "phpunit.xml": '<phpunit bootstrap="tests/bootstrap.php"/>\n',
            "tests/bootstrap.php": "<?php\n\nrequire_once __DIR__ . '/../src/prices.php';\n",
            "src/prices.php": "<?php\n\nfunction cents(string $text): int\n{\n    return 100 * (int) $text;\n}\n",
            "tests/WholeTest.php": """<?php

final class WholeTest extends PHPUnit\\Framework\\TestCase
{
    public function testWhole(): void
    {
        $this->assertSame(300, cents('3'));
    }
}
""",
        },
        "src/prices.php",
        ("    return 100 * (int) $text;\n", "    return (int) round(100 * (float) $text);\n"),
        "tests/PricesTest.php",
        """<?php

final class PricesTest extends PHPUnit\\Framework\\TestCase
{
    public function testCents(): void
    {
        $this->assertSame(250, cents('2.50'));
    }
}
""",
        "Failed asserting that 200 is identical to 250.",
        body=BODY,
    ),
    "phpunit",
    ("tests/bootstrap.php", "<?php exit(0);\n"),
)
SHELL = Sample(
    Bug(
        {
            "bin/prices.sh": "cents() {\n  echo $((${1%%.*} * 100))\n}\n",
            "test/whole.bats": '@test "whole" {\n  source bin/prices.sh\n  [ "$(cents 3)" -eq 300 ]\n}\n',
        },
        "bin/prices.sh",
        ("  echo $((${1%%.*} * 100))\n", '  awk -v price="$1" \'BEGIN { printf "%d\\n", price * 100 }\'\n'),
        "test/prices.bats",
        '@test "cents" {\n  source bin/prices.sh\n  [ "$(cents 2.50)" -eq 250 ]\n}\n',
        "-eq 250 ]' failed",
        body=BODY,
    ),
    "bats -r .",
    ("test/setup_suite.bash", "exit 0\n"),
)
ELIXIR = Sample(
    Bug(
        {
            "mix.exs": """defmodule Shop.MixProject do
  use Mix.Project
  def project, do: [app: :shop, version: "1.0.0"]
end
""",
            "lib/prices.ex": """defmodule Prices do
  def cents(text), do: text |> Integer.parse() |> elem(0) |> Kernel.*(100)
end
""",
            "test/test_helper.exs": "ExUnit.start()\n",
            "test/whole_test.exs": """defmodule WholeTest do
  use ExUnit.Case
  test("whole", do: assert(Prices.cents("3") == 300))
end
""",
        },
        "lib/prices.ex",
        (
            "  def cents(text), do: text |> Integer.parse() |> elem(0) |> Kernel.*(100)\n",
            "  def cents(text), do: text |> Float.parse() |> elem(0) |> Kernel.*(100) |> round()\n",
        ),
        "test/prices_test.exs",
        """defmodule PricesTest do
  use ExUnit.Case
  test("cents", do: assert(Prices.cents("2.50") == 250))
end
""",
        "left:  200",
        body=BODY,
    ),
    "mix test",
    ("config/config.exs", "System.halt(0)\n"),
)


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(PHP, marks=pytest.mark.needs("phpunit"), id="PHP"),
        pytest.param(SHELL, marks=pytest.mark.needs("bats"), id="shell"),
        pytest.param(ELIXIR, marks=pytest.mark.needs("elixir"), id="Elixir"),
    ],
)
async def test_a_bug_becomes_a_verified_pull_request(tell: Tell, tmp_path: Path, sample: Sample) -> None:
    attempt = new_file(*sample.config)
    await tell_fix(tell, sample.bug, tmp_path, ["1 pass | 2 pass", sample.command], [attempt])
