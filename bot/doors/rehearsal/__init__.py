"""Say what would have happened: past events through the real doors, with nothing started and nothing written.

``stage`` lets the handlers of deliveries play an event on a database of its own, with clients of GitHub that only
read; ``silence`` says in words why nothing came of one; ``history`` makes events of what a repository holds;
``comparison`` plays them under two policies.
"""
