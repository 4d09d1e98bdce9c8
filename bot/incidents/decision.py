"""Decide by code what is done about an incident: what policy permits, and what the facts do not speak against.

Everything that is considered is a :class:`Choice` with its reason, also what is not done. A reason to hold back beats
every permission: an act too few costs a person a command, a wrong one costs trust.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.incidents.facts import Facts, PastAct
from bot.incidents.records import MINUTE, Choice, Verdict
from bot.incidents.rules import Act, IncidentRules, Mode, ServiceRules
from bot.store.incidents import Incident

HEAL_ATTEMPTS = 2
TURN = 15 * MINUTE
"""Within it one revert or rollback of an environment or branch, and no more."""
SUSPECT = 30 * MINUTE
"""How long after a deployment what begins is its fault."""
SETTLE = 10 * MINUTE
"""How long machines are given to recover before jobs are run again."""
_FLAPS = 2
_SERVICES_AT_ONCE = 3
_CANDIDATES: dict[str, tuple[Act, ...]] = {
    "ci": ("rerun", "heal", "quarantine", "revert"),
    "infrastructure": ("rerun",),
    "alert": ("rollback",),
    "error": ("rollback",),
}
Check = Callable[[Incident, IncidentRules, Facts], "str | None"]


def decide(incident: Incident, rules: IncidentRules, facts: Facts) -> list[Choice]:
    """Return what may be done about an incident, with the reason of each."""
    candidates = _CANDIDATES.get(incident.kind, ())
    stop = _find_stop(incident, facts)
    return _keep_one([_choose(act, incident, rules, facts, stop) for act in candidates])


def _keep_one(choices: list[Choice]) -> list[Choice]:
    """Leave one of a heal and a revert: a fix that failed once had its turn."""
    acts = {choice.act for choice in choices if choice.verdict == "act"}
    if not {"heal", "revert"} <= acts:
        return choices
    why = "The only commit since it was green is taken back instead; a fix of it failed."
    return [Choice(act="heal", verdict="no", reason=why) if one.act == "heal" else one for one in choices]


def _choose(act: Act, incident: Incident, rules: IncidentRules, facts: Facts, stop: str | None) -> Choice:
    mode = _find_mode(act, incident, rules)
    if mode == "off":
        return Choice(act=act, verdict="off", reason=f"`{act}` is off in the policy.")
    problem = stop or next(_find_problems(act, incident, rules, facts), None)
    if problem is not None:
        return Choice(act=act, verdict="no", reason=problem)
    verdict: Verdict = "act" if mode == "act" else "propose"
    if verdict == "act" and act not in facts.tasks:
        return Choice(act=act, verdict="no", reason=f"This version has no task `{act}`.")
    if verdict == "act" and (doubt := _find_doubt(act, incident, facts)):
        return Choice(act=act, verdict="propose", reason=doubt, **_target(act, incident, rules))
    return Choice(act=act, verdict=verdict, reason=_praise(act, incident, facts), **_target(act, incident, rules))


def _find_mode(act: Act, incident: Incident, rules: IncidentRules) -> Mode:
    service = rules.services.get(incident.service)
    if act == "rollback" and service is not None and service.rollback is not None:
        return service.rollback
    return rules.mode(act)


def _find_stop(incident: Incident, facts: Facts) -> str | None:
    """Say why nothing at all is done."""
    if incident.kind in {"alert", "error"} and is_without_data(incident):
        return "It says that data is missing, not that something is wrong."
    checks = (
        (incident.closed is not None, "It is closed."),
        (not incident.data.get("fresh"), "It began more than a day before we heard of it; old news never acts."),
        (not any(one.firing for one in facts.troubles), "Nothing fires any more."),
        (any(act.active and act.incident == incident.id for act in facts.acts), "A task is at work on it."),
    )
    return next((reason for holds, reason in checks if holds), None)


def _find_problems(act: Act, incident: Incident, rules: IncidentRules, facts: Facts) -> Iterator[str]:
    """Say what speaks against an act."""
    in_ci: tuple[Check, ...] = (_lacks_github, _is_no_code, _is_in_outage)
    proposed: tuple[Check, ...] = (_races, _waits_for_merge)
    checks: dict[Act, tuple[Check, ...]] = {
        "rerun": (_lacks_github, _lacks_machine_fault, _lacks_rest, _was_rerun),
        "heal": (*in_ci, *proposed, _has_no_attempt),
        "quarantine": (_lacks_github, _lacks_flake, _was_excused),
        "revert": (*in_ci, _lacks_range, _failed_once, *proposed, _may_heal, _took_turn),
        "rollback": (_lacks_service, _lacks_deployment, _is_shared, _began_before, _took_turn, _was_rolled_back),
    }
    for check in checks[act]:
        problem = check(incident, rules, facts)
        if problem is not None:
            yield problem


def _find_doubt(act: Act, incident: Incident, facts: Facts) -> str | None:
    """Say why a person should decide."""
    if act in {"rollback", "revert"} and facts.flaps >= _FLAPS:
        return "It comes and goes: a person should look."
    if act == "rollback" and incident.severity in {"warning", "info"}:
        return f"It is {'a warning' if incident.severity == 'warning' else 'information'}, not an error."
    return None


def is_without_data(incident: Incident) -> bool:
    """Return whether a source only says that it knows nothing."""
    labels = incident.data.get("signal", {}).get("labels", {})
    words = [str(labels.get(name, "")) for name in ("transition", "alertname", "grafana_state_reason")]
    return any("nodata" in word.lower().replace(" ", "") or word == "DatasourceError" for word in words)


def _lacks_github(incident: Incident, _rules: IncidentRules, _facts: Facts) -> str | None:
    signal = incident.data.get("signal", {})
    if signal.get("source") != "github":
        return "Only CI that GitHub itself tells of is acted on."
    queued = signal.get("labels", {}).get("queue")
    return f"A merge queue's group is of pull requests, not of `{incident.branch}`." if queued else None


def _lacks_machine_fault(incident: Incident, _rules: IncidentRules, _facts: Facts) -> str | None:
    if incident.cause == "infrastructure":
        return None
    return "A job is run again only where its machine was the cause; else a red test could be made green by luck."


def _lacks_rest(incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    return "The machines are given ten minutes." if facts.now - incident.first < SETTLE else None


def _was_rerun(incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    return "It was run again once." if _list_own(incident, facts, "rerun") else None


def _is_no_code(incident: Incident, _rules: IncidentRules, _facts: Facts) -> str | None:
    return {
        "infrastructure": "The job's machine failed before the repository's own code ran.",
        "configuration": "The workflow itself is wrong, and workflows are changed by people only.",
        "flaky": "It is flaky: the same files passed as well.",
    }.get(incident.cause)


def _is_in_outage(_incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    outage = any(other.kind == "infrastructure" and other.open for other in facts.others)
    return "CI's machines are failing." if outage else None


def _races(incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    """Say what is under way for the branch, whoever began it: one proposal."""
    words = {"heal": "being healed already", "revert": "having its last change taken back"}
    busy = [words[one.act] for one in facts.acts if one.active and one.act in words and one.branch == incident.branch]
    return f"`{incident.branch}` is {busy[0]}." if busy else None


def _waits_for_merge(incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    """Say what was proposed for the branch since it last failed."""
    words = {"heal": "A fix", "revert": "A revert"}
    mine = [one for one in facts.acts if one.act in words and one.branch == incident.branch and one.outcome == "done"]
    waits = [words[one.act] for one in mine if one.ended is not None and incident.last <= one.ended]
    return f"{waits[0]} is proposed; nothing failed since." if waits else None


def _has_no_attempt(incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    spent = len(_list_own(incident, facts, "heal")) >= HEAL_ATTEMPTS
    return f"{HEAL_ATTEMPTS} attempts were made; the rest is for people." if spent else None


def _lacks_flake(incident: Incident, _rules: IncidentRules, _facts: Facts) -> str | None:
    if incident.cause == "flaky" and incident.data.get("test"):
        return None
    return str(incident.data.get("unread") or "No single test is shown to be flaky.")


def _was_excused(incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    return "Its quarantine was asked for once." if _list_own(incident, facts, "quarantine") else None


def _lacks_range(incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    if facts.commits == 1:
        return None
    if not incident.good_sha or not facts.commits:
        return "No last good commit is known."
    return f"{facts.commits} commits came since it was green; which one it was must be shown first."


def _failed_once(_incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    seen = max((one.count for one in facts.troubles if one.firing), default=0)
    return "It failed only once, which may be chance." if seen < 2 else None


def _may_heal(incident: Incident, rules: IncidentRules, facts: Facts) -> str | None:
    tried = _list_own(incident, facts, "heal")
    given_up = len(tried) >= HEAL_ATTEMPTS or any(one.ended and one.outcome != "done" for one in tried)
    return None if rules.heal != "act" or given_up else "A fix is tried first."


def _lacks_service(incident: Incident, rules: IncidentRules, _facts: Facts) -> str | None:
    service = rules.services.get(incident.service)
    if service is None or not service.environment:
        return "It names no service of `incidents.services` with an environment."
    if incident.environment and incident.environment != service.environment:
        return f"It is about `{incident.environment}`; the service is mapped to `{service.environment}`."
    return None


def _lacks_deployment(incident: Incident, rules: IncidentRules, facts: Facts) -> str | None:
    environment = _find_service(incident, rules).environment
    deployed = facts.deployed.get(environment)
    if deployed is None:
        return f"No successful deployment to `{environment}` is known."
    if incident.first <= deployed:
        return "It began before the newest deployment."
    if incident.first - deployed > SUSPECT:
        return "It began more than 30 minutes after the newest deployment."
    return None


def _is_shared(_incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    near = {one.service for one in facts.others if one.open and facts.now - one.opened <= SETTLE and one.service}
    storm = any(one.kind == "storm" and one.open for one in facts.others)
    if storm or len(near) >= _SERVICES_AT_ONCE:
        return "Several services fail at once, which no single deployment explains."
    return None


def _began_before(incident: Incident, rules: IncidentRules, facts: Facts) -> str | None:
    deployed = facts.deployed[_find_service(incident, rules).environment]
    older = any(
        one.service == incident.service and one.id != incident.id and one.first <= deployed and one.open
        for one in facts.others
    )
    return "Another incident of this service began before the newest deployment." if older else None


def _took_turn(incident: Incident, rules: IncidentRules, facts: Facts) -> str | None:
    environment = _find_service(incident, rules).environment
    turns = [
        one
        for one in facts.acts
        if one.act in {"revert", "rollback"}
        and (one.active or facts.now - one.at < TURN)
        and ((environment and one.environment == environment) or (incident.branch and one.branch == incident.branch))
    ]
    return "A revert or rollback began there within the last 15 minutes." if turns else None


def _was_rolled_back(incident: Incident, _rules: IncidentRules, facts: Facts) -> str | None:
    done = any(one.act == "rollback" and one.incident == incident.id for one in facts.acts)
    return "It was rolled back once because of this." if done else None


def _list_own(incident: Incident, facts: Facts, act: Act) -> list[PastAct]:
    """List what was done about this episode of the incident."""
    return [
        one for one in facts.acts if one.incident == incident.id and one.act == act and one.episode == incident.episode
    ]


def _find_service(incident: Incident, rules: IncidentRules) -> ServiceRules:
    return rules.services.get(incident.service, ServiceRules())


def _praise(act: Act, incident: Incident, facts: Facts) -> str:
    """Say in words of records why an act fits."""
    if act == "rerun":
        return "The machines failed before anything of the repository's own ran."
    if act == "heal":
        count = len(_list_own(incident, facts, "heal")) + 1
        return f"`{incident.branch}` is red; attempt {count} of {HEAL_ATTEMPTS}."
    if act == "revert":
        return "One commit came since it was green."
    if act == "quarantine":
        return "The test is shown to be flaky."
    return "It began within 30 minutes of the newest deployment, and was well before."


def _target(act: Act, incident: Incident, rules: IncidentRules) -> dict[str, object]:
    """Return the input of the task, and what it works on."""
    if act == "rerun":
        run = str(incident.data.get("signal", {}).get("labels", {}).get("run", ""))
        return {"input": {"run": int(run) if run.isdecimal() else 0}, "branch": incident.branch}
    if act == "heal":
        return {"input": {"branch": incident.branch, "sha": ""}, "branch": incident.branch}
    reason = f"Incident {incident.id}"
    if act == "revert":
        return {"input": {"sha": incident.bad_sha, "reason": reason}, "branch": incident.branch}
    if act == "quarantine":
        # No reason of ours: that would renew what is in quarantine already, for which a person has to speak.
        return {"input": {"target": incident.data.get("test", ""), "reason": ""}, "branch": incident.branch}
    environment = _find_service(incident, rules).environment
    return {"input": {"environment": environment, "to": "", "reason": reason}, "environment": environment}
