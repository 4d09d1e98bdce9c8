"""Plan a change without making it: ``task.TASK``; ``drafting.make_draft`` serves ``implement`` too."""
