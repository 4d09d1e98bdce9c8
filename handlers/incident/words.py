"""Say what is recorded of an incident: its issue, comments when its state changes, and the post-mortem."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.deployments.words import tell_figures
from bot.incidents.story import IncidentStory
from bot.markdown import code_block, counted, duration, folded, inline_code, joined, paragraph, shortened, table
from bot.store.incidents import Incident, IncidentEvent, Trouble
from bot.store.lessons import Lesson

_MOST_TROUBLES = 20
_MOST_EVENTS = 40
_MOST_TEXT = 2_000
_STATES = {
    "open": "Open: something is wrong.",
    "acting": "Acting: a task is at work on it.",
    "watching": "Watching: nothing fires any more, and nothing has shown yet that it is over.",
    "storm": "Storm: more began at once than can be looked at one by one.",
    "closed": "Closed.",
}
_VERDICTS = {"act": "done", "propose": "proposed", "no": "not done", "off": "off"}


def write_title(one: Incident) -> str:
    """Write the title of an incident's issue."""
    return f"Incident: {one.title}"


def write_body(story: IncidentStory) -> str:
    """Write the text of an incident's issue, from records only."""
    one = story.incident
    parts = [
        f"**{_STATES[one.state]}** {_tell_count(one)}",
        *_write_missing(one),
        _write_facts(story),
        tell_figures(story.figures),
        *_write_troubles(story.troubles),
        *_write_text(one),
        *_write_choices(one),
        *_write_lessons(story.lessons),
        *_write_timeline(story.events),
        f"<sub>Incident `{one.id}`. `/status` shows what works on it, `/cancel` stops that; closing this issue ends "
        "it.</sub>",
    ]
    return joined(parts)


def write_change(story: IncidentStory, event: IncidentEvent) -> str:
    """Write the comment about a change of state."""
    one = story.incident
    to = str(event.data.get("to"))
    if to == "closed":
        shown = "; ".join(dict.fromkeys(str(each.data.get("text")) for each in story.events if each.kind == "green"))
        took = f" {_tell_time(story)}." if story.green is not None else ""
        said = f"Closed: {event.data.get('why') or shown or 'it is over'}".rstrip(".")
        return f"{said}.{took}\n\n{folded('Post-mortem', write_post_mortem(story))}"
    if event.data.get("from") == "closed":
        return f"It came back, so what was done before did not heal it (episode {one.episode})."
    if event.data.get("from") == "acting" and to == "open":
        return "What was started has ended, and something is still wrong. The text above says how it ended."
    why = f" Why: {paragraph(str(event.data['why']))}." if event.data.get("why") else ""
    return f"{_STATES[to]}{why}"


def write_post_mortem(story: IncidentStory) -> str:
    """Write what happened, from records only."""
    one = story.incident
    lines = [
        f"# Post-mortem: {inline_code(one.title)}",
        f"{_tell_time(story) if story.green is not None else 'Nothing shows that it is over'}. {_tell_count(one)}",
        _write_facts(story),
        *filter(None, [tell_figures(story.figures)]),
        *_write_choices(one),
        "## What was started\n\n" + (_list_acts(story) or "Nothing."),
        *_write_timeline(story.events, most=500),
    ]
    return "\n\n".join(lines)


def _tell_time(story: IncidentStory) -> str:
    assert story.green is not None, "only what is over has lasted"
    return f"{duration(max(0, story.green - story.incident.first) / 1000)} from the first signal to green"


def _tell_count(one: Incident) -> str:
    again = f", episode {one.episode}" if one.episode > 1 else ""
    return f"{counted(one.count, 'signal')} since {show_moment(one.first)}, the newest {show_moment(one.last)}{again}."


def _write_missing(one: Incident) -> Iterator[str]:
    missing = one.data.get("missing") or []
    if missing and one.state != "closed":
        yield "Missing before this can be closed:\n\n" + "\n".join(f"- {paragraph(str(each))}" for each in missing[:5])
    if one.data.get("merged"):
        yield f"It is part of incident `{one.data['merged']}`, which goes on."


def _write_facts(story: IncidentStory) -> str:
    one = story.incident
    signal = one.data.get("signal", {})
    told = {
        "kind": one.kind,
        "cause": one.cause if one.cause != "unknown" else "",
        "source": str(signal.get("source", "")),
        "service": one.service,
        "environment": one.environment,
        "branch": one.branch,
        "last good commit": one.good_sha,
        "first bad commit": one.bad_sha,
        "failed step": str(signal.get("labels", {}).get("step", "")),
    }
    rows = [(name, inline_code(value)) for name, value in told.items() if value]
    # what GitHub itself links to may be followed; others' addresses are anybody's words
    show = str if signal.get("source") == "github" else inline_code
    rows += [(f"page ({link.get('title')})", show(str(link.get("url")))) for link in signal.get("links", [])[:5]]
    return table(("", ""), rows)


def _write_troubles(troubles: Sequence[Trouble]) -> Iterator[str]:
    if len(troubles) < 2:
        return
    rows = [(inline_code(each.title), _tell_trouble(each), str(each.count)) for each in troubles[:_MOST_TROUBLES]]
    more = len(troubles) - _MOST_TROUBLES
    yield table(("what", "now", "signals"), rows) + (f"\n\nand {more} more" if more > 0 else "")


def _tell_trouble(one: Trouble) -> str:
    if one.firing:
        return "wrong"
    return "well again" if one.green is not None else "silent"


def _write_text(one: Incident) -> Iterator[str]:
    text = str(one.data.get("signal", {}).get("text", ""))
    if text:
        yield "What the source says:\n\n" + code_block(shortened(text, _MOST_TEXT))


def _write_choices(one: Incident) -> Iterator[str]:
    off = [f"`{each['act']}`" for each in one.data.get("choices") or [] if each["verdict"] == "off"]
    if off:
        yield f"Off in this repository's policy (`incidents`), so never done by itself: {', '.join(off)}."
    choices = [each for each in one.data.get("choices") or [] if each["verdict"] != "off"]
    if not choices:
        return
    rows = [(f"`{each['act']}`", _VERDICTS[each["verdict"]], paragraph(each["reason"])) for each in choices]
    text = "What was decided, and why:\n\n" + table(("act", "", "reason"), rows)
    proposed = [each for each in choices if each["verdict"] == "propose"]
    commands = "\n".join(f"- {inline_code(write_command(one, each['act'], each['input']))}" for each in proposed)
    yield text + (f"\n\nTo do what is proposed:\n\n{commands}" if commands else "")


def write_command(one: Incident, act: str, given: dict[str, object]) -> str:
    """Write the command that starts an act."""
    options = " ".join(f"--{name} {value}" for name, value in given.items() if value and " " not in str(value))
    return f"forgehand run {act} --repo {one.place.full_name} {options}".strip()


def _write_lessons(lessons: Sequence[Lesson]) -> Iterator[str]:
    if lessons:
        lines = [_tell_lesson(each) for each in lessons]
        yield "What ended the same trouble before:\n\n" + "\n".join(lines)


def _tell_lesson(one: Lesson) -> str:
    end = "it held" if one.worked else "it came back"
    cited = f" ({inline_code(one.citation)})" if one.citation else ""
    return f"- {show_moment(one.at)}: {one.healed_by}{cited}, after {duration(one.seconds)}; {end}"


def _list_acts(story: IncidentStory) -> str:
    return "\n".join(
        f"- {show_moment(each.at)}: `{each.act}`, task `{each.task or 'none'}`: {each.outcome or 'under way'}"
        for each in story.acts
    )


def _write_timeline(events: Sequence[IncidentEvent], most: int = _MOST_EVENTS) -> Iterator[str]:
    left_out = len(events) - most
    lines = [f"- {show_moment(each.at)} {_tell_event(each)}" for each in events[-most:]]
    if left_out > 0:
        lines.insert(0, f"- {left_out} earlier entries are left out")
    yield "## Timeline\n\n" + "\n".join(lines)


def _tell_event(event: IncidentEvent) -> str:
    data = event.data
    title = inline_code(str(data.get("title") or data.get("key") or ""))
    sha = f" on `{str(data['sha'])[:10]}`" if data.get("sha") else ""
    told = {
        "opened": f"first signal: {title}{sha}",
        "reopened": f"came back: {title}{sha}",
        "joined": f"joined: {title}{sha}",
        "fired_again": f"fired again: {title}{sha}",
        "resolved": f"the source says it is over: {title}{sha}",
        "deployed": f"deployed to {inline_code(str(data.get('environment')))}{sha}",
        "merged": f"became part of incident `{data.get('into')}`",
        "green": f"shown to be over: {paragraph(str(data.get('text')))}",
        "still_red": f"not over: {paragraph(str(data.get('text')))}",
        "decided": f"`{data.get('act')}` {_VERDICTS.get(str(data.get('verdict')), '')}: {data.get('reason')}",
        "started": f"started `{data.get('act')}` (task `{data.get('task')}`)",
        "ended": f"`{data.get('act')}` ended: {data.get('state')}. {paragraph(str(data.get('summary') or ''))}",
        "state": f"state: {data.get('from')} → {data.get('to')}",
    }
    return told.get(event.kind, event.kind)


def show_moment(moment: int) -> str:
    """Show a moment in UTC."""
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
