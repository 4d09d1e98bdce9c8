"""Run Forgehand in a workflow: this is what the GitHub Action starts.

Mode *server* (``server_mode.py``) asks a server for a task, as the run's own identity, and follows it. Mode *local*
(``local_mode.py``) runs the whole bot on the runner for the one event. ``step.py`` chooses, and says how it ended. Only
the standard library is needed, from Python 3.9 on; the bot itself needs 3.11.

Everything that others wrote (a server's answer, an issue, a model's words) is printed by ``Log`` in ``log.py``, where
no line of it can be a command to the runner. Outputs are ours or have a form that is checked in ``outcome.py``.

Modules import each other relatively: the package is ``forgehand`` where it runs, ``action.forgehand`` to those who read
or test it.
"""
