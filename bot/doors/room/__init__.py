"""Serve the control room: the same operations as the API's, for people with a browser.

``application.make_room`` is what is mounted at ``/room``. How to add a page:

1. A module here, its name in ``MODULES`` of ``application.py`` (their order is the navigation's), and a template.
2. ``pages = Pages("tasks")``, then a function for each page::

       @pages.add("GET", "/tasks/{id}", access="reader", title="Task")
       async def show_task(visit: Visit) -> Shown:
           task = await visit.ask(tasks.read_task, id=visit.part("id"))
           return Shown("task.html", task=task)

3. ``access`` is one of ``anyone``, ``person`` (signed in), ``reader``, ``writer``, ``stopper`` (a writer, or who
   administers the instance), ``owner`` (of the repository that the page is about) and ``administrator`` (of the
   instance). The room itself holds ``person`` and ``administrator``;
   the others the operation decides, by the same ``Gate`` as for the API. Only ``visit.ask`` and ``visit.perform`` call
   operations: they check the scope, as the API does. The crawl in ``tests/doors/room`` asks every page as everybody.
4. ``place="work"`` (or ``"server"``, ``"you"``) puts a page into the navigation.
5. Acts are ``POST`` pages that end in ``return Moved("/room/tasks/12", "The task is being stopped.")``: 303, and the
   message on the next page. ``await visit.read_form(Model)`` reads a form into a ``Sent`` model of the API, as
   ``visit.read_query(Model)`` reads the query. Empty fields are left out; a check box says ``value="true"``.
6. A refusal (``Problem``) becomes a page that says it; a page may also answer with a response of its own.
7. Templates begin with ``{% extends "base.html" %}{% import "parts.html" as parts %}`` and fill the blocks ``title``
   and ``main``. No inline script, style or handler: the browser refuses them. What GitHub or a model wrote is text.
8. Tests: ``tests/support/room.py`` (``visitor(story, account)`` is a signed-in browser).
"""
