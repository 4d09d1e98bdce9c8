"""Remember what became of our pull requests.

``triggers.router`` records it when they are closed.
"""
