"""Tell the five parts of a reviewed change: who read it for what, and what ran."""

from __future__ import annotations

from bot.pulls.records import Concern, ReviewResult
from bot.work.results import NOT_MEASURED, Part, Parts, told


def tell_parts(result: ReviewResult) -> Parts:
    """Tell what readers, tests and tools found.

    Nothing measures how fast code is, but readers look for what makes it slow.
    """
    return Parts(
        implementation=_tell(result, "correctness"),
        tests=_tell(result, "tests", _tell_nearest(result)),
        documentation=_tell(result, "docs"),
        performance=_tell(result, "performance"),
        security=_tell(result, "security", _tell_tools(result)),
    )


def _tell(result: ReviewResult, concern: Concern, *more: str) -> Part:
    """Say what was found of one concern, and what was not read for it."""
    found = [one.finding for one in result.found if one.finding.concern == concern]
    gaps = [f"{path} ({gap.reason})" for gap in result.missed if concern in gap.concerns for path in gap.paths]
    unread = [f"{path} ({reason})" for path, reason in result.unread.items()]
    read = ""
    if result.read and result.readings:
        named = ", ".join(f"{one.severity}: {one.title}" for one in found)
        many = "finding" if len(found) == 1 else "findings"
        read = (
            f"Read by {', '.join(result.models) or 'a model'}: {len(found)} new {many}{f' ({named})' if named else ''}."
        )
    part = told(read, *more, otherwise=NOT_MEASURED.text)
    missing = [*unread, *gaps]
    if not part.measured or not missing:
        return part
    return part.model_copy(update={"text": f"{part.text} Not read for this: {', '.join(missing)}."})


def _tell_nearest(result: ReviewResult) -> str:
    """Say what the tests nearest to the change did."""
    nearest = result.nearest
    if not nearest.command or not nearest.counts:
        return ""
    return f"Nearest tests ({nearest.command}): {nearest.counts}."


def _tell_tools(result: ReviewResult) -> str:
    """Name the analysers that ran; not all of them look for security."""
    ran = ", ".join(f"{one.tool} {one.version}" for one in result.static.ran)
    return f"Analysers that ran: {ran}." if ran else ""
