"""Find commands in comments, reviews and descriptions, and run them.

``texts.said_in`` reads the text of an event, ``grammar.commands_in`` parses its commands, ``commands.Command``
describes one, and ``listener.comment_router`` authorises and runs them.
"""
