"""The workflow engine: durable, restartable tasks made of steps.

``port`` is what everybody else sees: :class:`~bot.engine.port.Ctx`, ``Outcome``, ``FlowSpec``, ``Engine`` and the
errors. ``dbos`` is the engine itself, ``workflow`` and ``attempts`` the rules it follows, ``failover`` how processes on
one database notice that another died.
"""
