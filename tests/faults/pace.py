"""How fast the servers may be killed: a step whose process died six times is given up, as is promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from simhub.model_formats import ModelRequest
from tests.faults.flows import Flow

MOST_DEATHS = 5


@dataclass
class Pace:
    """Deaths of each flow's server since it asked the model something new.

    A new question is built upon what every step before it said, so each of these has ended. Nothing else that is seen
    from outside shows that a step has ended; a flow that has not asked lately keeps all servers alive.
    """

    flows: Callable[[], Iterable[Flow]]
    unknown: int = 0  # questions that name no flow
    _deaths: Counter[str] = field(default_factory=Counter)
    _asked: set[str] = field(default_factory=set)

    def hear(self, asked: ModelRequest) -> None:
        """Note what the model is asked."""
        if asked.text in self._asked:
            return
        self._asked.add(asked.text)
        named = [flow for flow in self.flows() if flow.word in asked.text]
        self.unknown += not named
        for flow in named:
            self._deaths[flow.word] = 0
            flow.hear()

    def count(self, deaths: int = 1) -> None:
        """Note that a server died, whoever's work it did."""
        for flow in self.flows():
            if not flow.ended:
                self._deaths[flow.word] += deaths

    def allows(self, deaths: int = 1) -> bool:
        """Return True if no step can die too often by this."""
        return all(self._deaths[flow.word] + deaths <= MOST_DEATHS for flow in self.flows() if not flow.ended)
