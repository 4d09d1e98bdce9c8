"""Choose the configured sandbox, or the best that works here."""

from __future__ import annotations

from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.container import Container
from bot.sandbox.gvisor import GVisor
from bot.sandbox.port import Sandbox
from bot.sandbox.process import NoSandbox, Process
from bot.settings import Settings


async def choose_sandbox(settings: Settings) -> Sandbox:
    """Return the sandbox of ``settings.sandbox``.

    ``auto`` means bubblewrap where it works, ``process`` only if code is trusted. A tier asked for by name is returned
    even if it does not work: its ``probe`` says what is missing.
    """
    if settings.sandbox == "bubblewrap":
        return Bubblewrap()
    if settings.sandbox == "gvisor":
        return GVisor()
    if settings.sandbox == "container":
        return Container()
    if settings.sandbox == "process":
        return Process(trust_code=settings.trust_code)
    if settings.sandbox == "none":
        return NoSandbox()
    missing = await Bubblewrap().probe()
    if missing is None:
        return Bubblewrap()
    return Process(trust_code=True) if settings.trust_code else NoSandbox(missing)
