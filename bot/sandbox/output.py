"""Keep the head and the tail of a stream in bounded memory."""

from __future__ import annotations


class HeadTail:
    """First and last bytes of what was fed, half of ``limit`` each."""

    def __init__(self, limit: int) -> None:
        self._half = max(limit // 2, 1)
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def feed(self, data: bytes) -> None:
        self._total += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room else data
        if len(self._tail) > 2 * self._half:
            del self._tail[: -self._half]

    @property
    def truncated(self) -> bool:
        return self._total > 2 * self._half

    def text(self) -> str:
        """Return the text; a line in the middle says what was left out."""
        if not self.truncated:
            return bytes(self._head + self._tail).decode(errors="replace")
        tail = self._tail[-self._half :]
        left_out = self._total - len(self._head) - len(tail)
        head = bytes(self._head).decode(errors="replace")
        return f"{head}\n... {left_out} bytes left out ...\n{bytes(tail).decode(errors='replace')}"
