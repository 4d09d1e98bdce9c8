"""Run code nobody vouches for: without secrets, without network while it tests, within limits.

``choose.choose`` picks the tier (``bubblewrap``, ``process``, none); ``port`` holds what callers see
(:class:`~bot.sandbox.port.Sandbox`, ``Limits``, ``Mount``, ``CommandResult``); ``proxy.RegistryProxy`` is the only way
out while dependencies are installed. ``inside/`` runs within the sandbox.
"""
