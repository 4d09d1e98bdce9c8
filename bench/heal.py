"""From red CI on the default branch to a proved pull request, as the policy wants it: what the bot itself takes.

The story is that of ``tests/e2e/test_heal.py``: a signal becomes an incident, the incident starts a heal, a scripted
model that answers at once mends it, the gates run in the sandbox, and a pull request is opened. The tests of the
repository take no time, so all of it is own overhead, starts of sandboxes included; nothing is subtracted. Seconds are
counted from the end of CI's run, which sends ``workflow_job``, to the pull request. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

from bot.github.resources.manifest import load_manifest
from tests.e2e.healing import BROKEN, CODE, JUDGE, MEND, enable, lay, pushed
from tests.e2e.scenes import POLICY
from tests.support.story import told

_RULES = "review: { on: [] }\nincidents: { heal: act }\n"


async def measure(folder: Path) -> float:
    """Return the seconds of one heal, in a world of its own."""
    folder.mkdir()
    async with told(folder, lay(folder, {POLICY: _RULES}), [*MEND, JUDGE]) as story:
        story.app.app.events = load_manifest().event_names(["ci"])
        enable(story)
        await pushed(story, {"notes.txt": "one\n"}, "success")
        await pushed(story, {CODE: BROKEN}, "failure")
        red = time.monotonic()
        await story.until(story.pulls, what="a pull request")
        return time.monotonic() - red


async def repeat(runs: int) -> list[float]:
    """Measure so many heals, and tell each."""
    seconds = []
    for number in range(runs):
        with tempfile.TemporaryDirectory(prefix="heal-") as folder:
            seconds.append(await measure(Path(folder) / "world"))
        print(f"run {number + 1}: {seconds[-1]:.1f} s", flush=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    seconds = asyncio.run(repeat(runs))
    print(json.dumps({"median": round(statistics.median(seconds), 1), "slowest": round(max(seconds), 1), "runs": runs}))


if __name__ == "__main__":
    main()
