"""The real Prometheus and Alertmanager: started on loopback, killed, restarted."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.support import published
from tests.support.patience import PATIENCE

_SENDERS = published.ROOT / ".senders" / "usr"
UNPACKED = f"{_SENDERS / 'bin'}:{_SENDERS / 'sbin'}:/usr/sbin"
# Debian's Alertmanager reads this and no other
TEMPLATE = Path("/usr/share/prometheus/alertmanager/default.tmpl")


def find(*names: str) -> str | None:
    """A program on PATH, or where ``.ci/run`` unpacked it."""
    found = (shutil.which(name) or shutil.which(name, path=UNPACKED) for name in names)
    return next((program for program in found if program), None)


def find_both() -> tuple[str, str] | None:
    """Prometheus and Alertmanager, if both are here."""
    prometheus, alertmanager = find("prometheus"), find("prometheus-alertmanager", "alertmanager")
    lacking = alertmanager is not None and alertmanager.endswith("prometheus-alertmanager") and not TEMPLATE.exists()
    return None if prometheus is None or alertmanager is None or lacking else (prometheus, alertmanager)


@dataclass
class Program:
    """A sender as a process."""

    command: Sequence[str]
    ready: str
    log: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(*self.command, stdout=output, stderr=output)
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            while not await self._answers(session):
                assert self.process.returncode is None, self.log.read_text()[-3000:]
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL: nothing is written down."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(self.ready) as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def running(*programs: Program) -> AsyncIterator[None]:
    """Start the programs one after another, and end them however it went."""
    try:
        for program in programs:
            await program.start()
        yield
    finally:
        for program in programs:
            if program.process is not None:
                await program.kill()


def make_alertmanager(program: str, folder: Path, port: int, configuration: str) -> Program:
    """Alertmanager on loopback, alone."""
    (folder / "alertmanager.yml").write_text(configuration)
    command = [program, f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'alerts'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    return Program(command, f"http://127.0.0.1:{port}/-/ready", folder / "alertmanager.log")


def make_prometheus(program: str, folder: Path, port: int, configuration: str) -> Program:
    """Prometheus on loopback."""
    (folder / "prometheus.yml").write_text(configuration)
    command = [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'series'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s"]
    return Program(command, f"http://127.0.0.1:{port}/-/ready", folder / "prometheus.log")
