"""Set a server up: register its App on GitHub, keep it sealed, and see it installed.

``registrar.Registrar`` registers the App and ``installing`` sees it installed; ``callbacks`` judges what GitHub brings
back, once, as ``states`` keeps it. ``wishes`` checks what people choose, ``apps`` keeps the App and completes the
settings with it, ``probe`` looks whether an address leads here and whether the clock is right. The pages are in
``bot.doors.room``; ``bot.registration`` serves the same ones for a terminal.
"""
