"""Name the tests that TRX and the sequence of a run tell of by their files, and say how a runner is asked for them.

https://github.com/microsoft/vstest/blob/main/docs/report.md, https://github.com/microsoft/vstest/blob/main/docs/filter.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.toolchains.dotnet.projects import Project
from bot.toolchains.events import Case, End, Plan, Start
from bot.toolchains.junit import read_xml
from bot.toolchains.trx import read_trx

# Classes in classes that a name is looked up by.
_DEEPEST = 100


def read_report(text: bytes, project: Project, key: str) -> tuple[list[Case], bool]:
    """Return the cases of one report of a project, and whether it is whole.

    ``key`` tells reports of several frameworks apart. Raises as :func:`read_trx` does.
    """
    records = read_trx(text)
    cases = []
    for record in records:
        if isinstance(record, Case):
            owner, found, name = record.case.id.partition("::")
            id = name_test(project, owner, name) if found else name_test(project, "", owner)
            case = record.case.model_copy(update={"id": id})
            cases.append(record.model_copy(update={"case": case, "key": f"{key}-{record.key}"}))
    counted = any(isinstance(record, Plan) and record.count == len(cases) for record in records)
    ended = any(isinstance(record, End) and not record.cut_short for record in records)
    return cases, counted and ended


def read_sequence(text: bytes, project: Project) -> Iterator[Start]:
    """Yield the tests that had begun and not ended when a run was aborted.

    Raises as :func:`read_trx` does.
    """
    for test in read_xml(text).iter("Test"):
        if test.get("Completed", "").lower() == "false":
            owner, _, name = re.sub(r"\(.*", "", test.get("Name", ""), flags=re.DOTALL).rpartition(".")
            yield Start(id=name_test(project, owner, name))


def name_test(project: Project, owner: str, name: str) -> str:
    """Return the id of a test: file, classes without their namespace, name.

    Where no file is known, it begins with the project's.
    """
    outer = re.split(r"[(<`]", owner, maxsplit=1)[0].split("+")
    for length in range(min(len(outer), _DEEPEST), 0, -1):
        known = "+".join(outer[:length])
        if known in project.classes:
            return "::".join([project.classes[known], *_cut_namespace(known), *outer[length:], name])
    return "::".join([project.path, *([owner] if owner else []), name])


def _cut_namespace(name: str) -> list[str]:
    return name.rpartition(".")[2].split("+")


def write_filter(project: Project, targets: Sequence[str]) -> str:
    """Write what a runner is asked for: the tests of the targets, or more.

    "" stands for all.
    """
    asked = [_write_terms(project, target) for target in targets]
    return "|".join(dict.fromkeys(term for terms in asked for term in terms)) if all(asked) else ""


def _write_terms(project: Project, target: str) -> list[str]:
    file, *rest = target.split("::")
    names = [name for name, place in project.classes.items() if place == file or place.startswith(f"{file}/")]
    own = [name for name in names if rest and _cut_namespace(name) == rest[:-1]]
    method = re.split(r"[( ]", rest[-1], maxsplit=1)[0] if own else ""
    exact = method if re.fullmatch(r"\w+", method) else ""
    return [f"FullyQualifiedName~{name}.{exact}" for name in own or names]


def pick_projects(projects: Sequence[Project], targets: Sequence[str]) -> list[tuple[Project, list[str]]]:
    """Return the projects that have targets, each with its own; all for none."""
    if not targets:
        return [(project, []) for project in projects]
    found = [(project, [one for one in targets if _has(project, one)]) for project in projects]
    return [(project, own) for project, own in found if own]


def _has(project: Project, target: str) -> bool:
    file = target.partition("::")[0].rstrip("/")
    return file == project.path or f"{project.folder}/".startswith(f"{file}/") or _holds(project, file)


def _holds(project: Project, file: str) -> bool:
    return any(place == file or place.startswith(f"{file}/") for place in project.classes.values())
