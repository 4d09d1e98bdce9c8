"""Run the bot as a process of its own.

Of the runner it gets no variable, file or token but those that :func:`bot_environment` names.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .api import Json
from .credentials import MODELS, given
from .errors import Interrupted, Outage, WrongUse
from .event import Event
from .inputs import Inputs
from .installation import ROOT
from .log import Log

_LOG_LINES = 40
_SETTINGS_ARE_WRONG = 2  # an exit code of the bot's
_NOT_FOR_THE_BOT = ("ACTIONS_", "GITHUB_", "INPUT_", "RUNNER_", "PYTHON")


@dataclass(frozen=True)
class Bot:
    """The bot as a process of its own."""

    python: Path
    folder: Path
    environment: Mapping[str, str]
    log: Log

    def deliver(self, event: Event, asked: Json | None, env: Mapping[str, str]) -> Json:
        """Run it until it is done with the event, or with what is asked for; return its report.

        Its progress is printed, and the end of its log where it fails. Raises :class:`Stop`.
        """
        report = self.folder / "report.json"
        written = self.folder / "bot.log"
        guid = "-".join(["run", env.get("GITHUB_RUN_ID", "0"), env.get("GITHUB_RUN_ATTEMPT", "1")])
        name = "pull_request" if event.name == "pull_request_target" else event.name
        command = [str(self.python), "-m", "bot.cli", "deliver", str(event.file), "--name", name, "--id", guid]
        if asked is not None:
            file = self.folder / "asked.json"
            file.write_text(json.dumps(asked), encoding="utf-8")
            command += ["--ask", str(file)]
        code = self._follow([*command, "--report", str(report)], written)
        if code == 0 and report.exists():
            made: Json = json.loads(report.read_bytes())
            return made
        self.log.say("\n".join(written.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]))
        words = f"The bot ended with code {code}; the last lines above are its own."
        raise WrongUse(words) if code == _SETTINGS_ARE_WRONG else Outage(words)

    def _follow(self, command: Sequence[str], written: Path) -> int:
        """Run a command, print its progress and return its exit code."""
        with written.open("wb") as output:
            bot = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.PIPE)
            assert bot.stderr is not None
            while True:
                try:
                    for raw in bot.stderr:
                        self.log.say(raw.decode("utf-8", "replace").rstrip())
                    return bot.wait()
                except Interrupted:
                    bot.terminate()  # it stops its tasks and says so


def bot_environment(data: Path, inputs: Inputs, env: Mapping[str, str]) -> dict[str, str]:
    """Return the bot's environment: settings, keys, and nothing of the runner's.

    With the runner's files and tokens it could set outputs or speak as the run.
    """
    kept = {name: value for name, value in env.items() if not name.startswith(_NOT_FOR_THE_BOT)}
    ours = {
        **{name: given(env, name) for name in MODELS},
        "FORGEHAND_GITHUB_TOKEN": env.get("INPUT_GITHUB_TOKEN"),
        "FORGEHAND_API_URL": env.get("GITHUB_API_URL"),
        "FORGEHAND_WEB_URL": env.get("GITHUB_SERVER_URL"),
        "FORGEHAND_DATA_DIR": str(data),
    }
    if inputs.dollars:
        ours["FORGEHAND_BUDGET"] = json.dumps({"task": float(inputs.dollars), "day": float(inputs.dollars)})
    return kept | {name: value for name, value in ours.items() if value}
