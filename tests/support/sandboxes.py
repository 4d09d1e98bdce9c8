"""Give tests the real sandbox."""

from __future__ import annotations

from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.container import Container
from bot.sandbox.gvisor import GVisor
from tests.support.notrun import need


def bubblewrap() -> Bubblewrap:
    """Return the bubblewrap tier; where it does not work, skip the running test."""
    need("sandbox")
    return Bubblewrap()


def gvisor() -> GVisor:
    """Return the gVisor tier; where it does not work, skip the running test."""
    need("gvisor")
    return GVisor()


def container() -> Container:
    """Return the container tier; where it does not work, skip the running test."""
    need("container")
    return Container()
