"""Run the bot on this machine against a simulated GitHub.

``demo.run`` is ``forgehand demo``; ``checkout`` hosts a checkout for ``forgehand run``. ``hosting.local_run`` starts
simhub and the bot, ``watching`` follows one issue, ``tier`` chooses the sandbox and ``display`` prints.
"""
