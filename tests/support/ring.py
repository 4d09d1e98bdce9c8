"""Sealed keys beside a scripted model: a keeper, the ring that it fills, and a gateway that asks with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.keys.keeper import Keeper
from bot.keys.ring import StoredKeys
from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.gateway import ModelGateway
from bot.sealing.local import FILE, LocalMaster
from bot.settings import Settings
from bot.store.store import Store
from tests.support.models import QUICK
from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Ring:
    """What asks with keys that somebody added."""

    keeper: Keeper
    gateway: ModelGateway


def new_ring(store: Store, settings: Settings, folder: Path) -> Ring:
    """A ring whose master key lies in ``folder``."""
    catalogue = Catalogue(settings)
    master = LocalMaster(None, folder / FILE)
    keeper = Keeper(store, master, catalogue)
    client = partial(SdkModel, idle=PATIENCE)
    gateway = ModelGateway(store, settings, catalogue, client, ring=StoredKeys(store, keeper, catalogue), retry=QUICK)
    return Ring(keeper, gateway)
