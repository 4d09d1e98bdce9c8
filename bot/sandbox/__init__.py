"""Run untrusted code within limits, without secrets or a network.

:func:`.tiers.choose_sandbox` picks the tier (``bubblewrap``, ``gvisor``, ``container``, ``process``, none); ``port``
holds what callers see (:class:`~bot.sandbox.port.Sandbox`, ``Limits``, ``Mount``, ``CommandResult``);
``admission.Admission`` lets no more run at once than fit into memory. ``proxy.RegistryProxy`` is the only way out while
dependencies are installed. ``inside/`` runs within the sandbox.
"""
