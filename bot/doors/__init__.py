"""Take in what happens on GitHub: webhook deliveries, commands, labels, buttons, installations.

``router.Handlers`` merges the doors of all tasks into one router; ``webhook`` receives, stores and dispatches
deliveries; ``comments`` reads commands. Whether a task may start is decided in :mod:`bot.dispatch`.
"""
