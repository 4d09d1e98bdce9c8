"""Judge the results of a test run on any machine: ``forgehand judge-results``."""

from __future__ import annotations

from pathlib import Path

import click

from bot.terminal.exits import finish

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_LIST = click.Path(dir_okay=False, path_type=Path)
# What files leave out: deno's a hook that failed, node's which of the failures of skipped tests count.
_NO_CODE = (
    "Say what the test command ended with, since files alone do not tell whether a run passed: "
    "`code=0; pytest --junitxml=junit.xml || code=$?`, then `--exit-code $code`."
)


@click.command("judge-results")
@click.argument("results", nargs=-1, required=True, type=_FILE)
@click.option("--quarantine", type=_LIST, help="The list of quarantined tests.")
@click.option("--exit-code", type=int, help="What the test command ended with: files alone do not tell.  [required]")
@click.option("--suites", type=click.IntRange(1), help="How many RESULTS must hold tests.  [default: all]")
def judge_results(
    results: tuple[Path, ...], quarantine: Path | None, exit_code: int | None, suites: int | None
) -> None:
    """Judge JUnit RESULTS: pass if all that failed is in quarantine.

    Run it after the tests, in the same job. Expired entries excuse nothing, nor is a run excused that broke off.
    Example: forgehand judge-results --quarantine .github/quarantine.yml --exit-code $? junit.xml
    """
    from bot.quarantine.judge import judge_files

    if exit_code is None:
        raise click.UsageError(_NO_CODE)
    finish(lambda: judge_files(results, quarantine, exit_code, suites, click.echo))
