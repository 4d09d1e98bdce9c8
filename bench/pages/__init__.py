"""The control room's pages at a hundred thousand tasks: how long the server takes, and what open streams cost."""
