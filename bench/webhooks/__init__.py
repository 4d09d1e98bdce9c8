"""Webhooks: the whole bot beside Probot, in one run, in turn."""
