"""Serve HTTP: ``server.make_web`` is the application of the bot.

``metrics.make_metrics`` answers ``/metrics``, on a port of its own; ``strangers`` turns those away who are refused too
often.
"""
