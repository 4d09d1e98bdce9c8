"""Hold the world and the address it is served at: all that JSON is rendered from."""

from __future__ import annotations

from simhub.model import World


class Address:
    """A world and where it is served; ``url`` is known once the hub listens."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = ""

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v3"

    @property
    def graphql_url(self) -> str:
        return f"{self.url}/api/graphql"
