"""A whole GitHub and the bot on this machine: what ``forgehand demo`` and ``forgehand try`` share."""
