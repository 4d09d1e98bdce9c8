"""Receive webhook deliveries, store them durably and dispatch them to handlers.

``endpoint.Endpoint`` verifies (``signature``) and answers, ``inbox.Inbox`` stores, ``dispatcher.Dispatcher`` runs the
handlers of a ``router.Router``, ``sweep.Sweep`` recovers deliveries that never arrived.
"""
