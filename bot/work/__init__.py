"""The kit of every task: what a step is given, and how a model works within limits.

``assignment.Assignment`` is a task at work with its ``services.Services``; ``origin.Request`` says who asked for what.
``loop.work`` lets a model edit by the tools of ``toolset``, ``inquiry.Inquiry`` lets it look things up; ``workshop``
holds a task's directories, ``untrusted`` and ``prompts`` bring text from outside into a prompt.
"""
