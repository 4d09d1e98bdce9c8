"""Specifications and plans as values, and the checks of them that need no model.

``records`` holds what a plan says, ``checks`` says what is wrong with one, ``names`` looks up paths and names in it,
``mermaid`` reads its diagram, ``customs`` finds what a repository keeps beside its code and a change must touch.
"""
