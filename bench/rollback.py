"""From an alert that is answered 202 to a rolled back deployment, as the policy wants it: what the bot itself takes.

The story is that of ``tests/e2e/test_rollback.py``: two deployments, then a signed alert of the service. Seconds are
counted from our 202 to the deployment that is asked for (``asked``), and to the comment that tells its end (``told``).
The deployment takes no time here, so its own time comes on top; no health address is named. In every other run the
process is killed as soon as the deployment is asked for, and started again. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.doors.signals.test_door import add
from tests.e2e.scenes import SAMPLE, rows
from tests.e2e.test_rollback import deployed, prepared, rolled_back
from tests.support.story import Story, told

_KNOWN = "select 1 from fh_deployment where good > 0"
_DOWN = {"kind": "alert_firing", "title": "Checkout is down", "severity": "critical", "service": "shop"}


class Seconds(NamedTuple):
    """Seconds after the alert was answered."""

    asked: float
    told: float


async def measure(folder: Path, *, kill: bool) -> Seconds:
    """Return how long one rollback takes, in a world of its own."""
    folder.mkdir()
    async with told(folder, SAMPLE, []) as story:

        async def tell(*_: object) -> Story:
            return story

        await prepared(tell)
        sender = await add(story, "own")
        for text in ("One.\n", "Two.\n"):
            await deployed(story, text)
        await story.until(lambda: len(rows(story, _KNOWN)) == 2, what="both deployments are known")
        assert (await sender.send(_DOWN))[0] == 202
        start = time.monotonic()
        await story.until(lambda: bool(rolled_back(story)), what="a deployment is asked for")
        asked = time.monotonic() - start
        if kill:
            await story.kill_bot()
            await story.start_bot()
        (made,) = rolled_back(story)
        await story.hub.report(made, "success")
        ended = "select number from fh_task where flow = 'rollback' and state = 'done'"
        await story.until(lambda: bool(rows(story, ended)), what="the end of the task")
        ((number,),) = rows(story, ended)
        await story.until(lambda: bool(story.shown(number, "rollback-end")), what="its end is told")
        return Seconds(asked, time.monotonic() - start)


async def repeat(runs: int) -> list[Seconds]:
    """Measure so many rollbacks, and tell each."""
    found = []
    for number in range(runs):
        with tempfile.TemporaryDirectory(prefix="rollback-") as folder:
            found.append(await measure(Path(folder) / "world", kill=number % 2 == 1))
        print(f"run {number + 1}: asked {found[-1].asked:.1f} s, told {found[-1].told:.1f} s", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=4)
    found = asyncio.run(repeat(parser.parse_args().runs))
    figures: dict[str, float] = {"runs": len(found)}
    for name in Seconds._fields:
        seconds = [getattr(one, name) for one in found]
        figures |= {f"{name}_median": round(statistics.median(seconds), 1), f"{name}_slowest": round(max(seconds), 1)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
