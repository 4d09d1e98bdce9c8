"""Lend a command in the sandbox the proxy, as one on loopback.

``python relay.py SOCKET COMMAND...`` listens on a free port of 127.0.0.1, relays it to the unix socket, sets the proxy
variables and becomes the command. ``{proxy}`` in a variable's value becomes the proxy's address. Standard library only.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy until the end of ``source``, then tell ``sink`` that no more comes."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        sink.close()


def serve(listener: socket.socket, path: str) -> None:
    """Relay every connection to the unix socket at ``path``, for ever."""
    while True:
        client, _ = listener.accept()
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(path)
        for pair in ((client, upstream), (upstream, client)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


def main(path: str, *command: str) -> None:
    """Listen, fork the relay, become the command."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    if os.fork() == 0:
        serve(listener, path)
    listener.close()
    for name, value in os.environ.items():
        os.environ[name] = value.replace("{proxy}", address)
    os.environ.update(dict.fromkeys(VARIABLES, address))
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
