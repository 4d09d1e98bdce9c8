"""Run static analysers on a change and keep what it brought in.

:func:`.layer.analyse` runs every analyser that fits on base and head, in the sandbox, and returns an
:class:`~.records.Analysis`: findings that the base does not have, other evidence, and what ran. :data:`.tools.TOOLS`
lists the analysers, ``config/`` and ``rules/`` their settings; ``inside/`` runs within the sandbox.
"""
