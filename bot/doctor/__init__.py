"""Checks behind ``forgehand doctor``: everything the bot depends on is tried, and each line says what to do.

:func:`bot.doctor.report.run` prints the lines; ``github``, ``machine`` and ``models`` find them. ``repository``
examines a checkout instead.
"""
