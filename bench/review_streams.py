"""How soon findings stand on a pull request: of this build, an earlier one and PR-Agent, which write in turns.

One model speaks as a real one does: 0.8 s to the first token, then 80 tokens a second, whoever asks and whether or not
it is asked to stream. The other says all it has to say after 5 s. Each visit begins with a new server and a review that
warms it up; PR-Agent makes its ``/review`` alone, and nobody verifies what it posts.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from typing import TypeVar

Pace = Mapping[str, float]
StartT = TypeVar("StartT")
WHOLE: Pace = {"first": 5.0, "speed": math.inf}
_STREAMED: Pace = {"first": 0.8, "speed": 80.0}
_RATIOS = {
    "streamed_ratio_peer": ("streamed_this_s", "streamed_peer_s"),
    "streamed_ratio_before": ("streamed_this_s", "streamed_before_s"),
    "plain_ratio_before": ("plain_this_s", "plain_before_s"),
}


def compare(
    builds: Mapping[str, StartT],
    peer: Mapping[str, StartT],
    visit: Callable[[str, StartT, Pace, int], float],
    rounds: int,
) -> dict[str, float]:
    """Return seconds, medians over the rounds, and their ratios.

    ``visit`` measures once, by a name, a way to start, a pace and a number; ``peer`` meets the streamed model only.
    """
    seconds: dict[str, float] = {}
    for model, pace, starts in (("plain", WHOLE, builds), ("streamed", _STREAMED, {**builds, **peer})):
        told: dict[str, list[float]] = {name: [] for name in starts}
        for number in range(1, rounds + 1):
            for name, start in starts.items():
                told[name].append(visit(f"{model}-{name}-{number}", start, pace, number))
        seconds |= {f"{model}_{name}_s": round(statistics.median(times), 2) for name, times in told.items()}
    known = {name: pair for name, pair in _RATIOS.items() if pair[1] in seconds}
    return seconds | {name: round(seconds[ours] / seconds[theirs], 3) for name, (ours, theirs) in known.items()}
