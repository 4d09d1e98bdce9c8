"""Serve HTTP: ``server.make_web`` is the application of the bot, ``setup.run`` the page that registers the App.

``metrics.make_metrics`` answers ``/metrics``, on a port of its own; ``credentials`` stores what the setup received.
"""
