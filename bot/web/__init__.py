"""Serve HTTP: ``server.make_web`` is the application of the bot, ``setup.run`` the page that registers the App.

``metrics.MetricsPage`` renders ``/metrics``; ``credentials`` stores what the setup received.
"""
