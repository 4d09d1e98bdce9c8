"""Work out which task is wanted, and with what body.

The document of the API is the server's word on which tasks there are: no name of a field is written down here twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from .api import API, Json
from .errors import Refused, Skipped, WrongUse
from .event import COMMENTS, Event
from .inputs import Inputs

_TASK_OF_EVENT = {"issues": "fix", "pull_request": "review"}


@dataclass(frozen=True)
class Wanted:
    """A task to ask for."""

    name: str
    body: Json
    typed: bool

    @classmethod
    def read(cls, inputs: Inputs, event: Event) -> Wanted:
        """Take what is wanted from the inputs, and what they leave out from the event.

        Raises :class:`Skipped` and :class:`WrongUse`.
        """
        command = event.command()
        name, context = inputs.task, inputs.context
        if not name and command is not None:
            name, context = command[0], context or command[1]
        elif not name and event.name in COMMENTS:
            raise Skipped("The comment does not begin with a command.")
        name = name or _TASK_OF_EVENT.get(event.name, "")
        if not name:
            raise WrongUse(f"The input `task` is missing; the event `{event.name}` does not say what to do.")
        number = inputs.number if inputs.number is not None else event.number
        typed = not inputs.task and command is not None
        thread = event.part("comment", "id") if typed and event.name == "pull_request_review_comment" else None
        body: Json = {"repository": inputs.repository, "number": number, "thread": thread, "context": context}
        return cls(name, body, typed=typed)

    def fit(self, document: Json) -> Json:
        """Return the body as a document of the API describes it.

        ``context`` goes into the first field that takes text. Raises :class:`Refused` where there is no such task,
        :class:`Skipped` where somebody else's command was typed.
        """
        starts = [path for path, item in document["paths"].items() if _starts_task(path, item)]
        path = f"{API}/tasks/{self.name}"
        if path not in starts:
            if self.typed:
                raise Skipped(f"`/{self.name}` is no task.")
            names = ", ".join(sorted(each.rpartition("/")[2] for each in starts))
            raise Refused(f"There is no task `{self.name}`; there are: {names}.")
        reference = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        fields = document["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
        given = {name: self.body[name] for name in ("number", "thread") if self.body[name] is not None}
        body = {"repository": self.body["repository"], **{name: given[name] for name in given if name in fields}}
        text = [name for name, field in fields.items() if name != "repository" and field.get("type") == "string"]
        if self.body["context"] and not text:
            raise WrongUse(f"The task `{self.name}` takes no text: leave the input `context` out.")
        return {**body, text[0]: self.body["context"]} if self.body["context"] else body


def _starts_task(path: str, item: Json) -> bool:
    return path.startswith(f"{API}/tasks/") and "{" not in path and "tasks" in item.get("post", {}).get("tags", ())
