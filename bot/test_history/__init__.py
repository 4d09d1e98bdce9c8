"""Remember how tests ended on the default branch, and say what that makes of them.

``rules`` judges one test's observations, exactly, ``histories`` all that are kept; ``reports`` reads a report of CI;
``reading`` fetches what is new of a repository and stores it.
"""
