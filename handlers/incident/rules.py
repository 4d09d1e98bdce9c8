"""Check the policy's section about incidents against the tasks that there are."""

from __future__ import annotations

from pydantic import model_validator

from bot.incidents import rules as values
from bot.incidents.rules import ACTS


class IncidentRules(values.IncidentRules):
    """The section ``incidents``, as a policy file may write it."""

    @model_validator(mode="after")
    def _check_acts(self) -> IncidentRules:
        named = {act for act in ACTS if self.mode(act) != "off"}
        named |= {"rollback" for service in self.services.values() if service.rollback in {"propose", "act"}}
        if named:
            from handlers import TASKS  # the registry is complete once every capability is loaded

            missing = sorted(act for act in named if TASKS.get(act) is None)
            if missing:
                raise ValueError(f"this version has no task `{missing[0]}`; leave `{missing[0]}` off")
        return self
