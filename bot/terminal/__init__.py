"""Ask for tasks from a terminal.

``run`` and ``tasks`` are the commands ``forgehand run`` and ``forgehand tasks``, ``completion`` completes them in a
shell. ``arguments`` makes their options of what the API takes, ``client`` talks to it, ``progress`` and ``output``
print; ``exits`` has the exit codes. The commands' modules load what they need when they are used.
"""
