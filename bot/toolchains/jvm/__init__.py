"""Install and test Java and Kotlin: ``language`` declares them, ``maven`` and ``gradle`` run tests, ``report`` tells.

``sources`` finds the tests that files hold; ``surefire`` reads the reports of runners that know no listener of ours.
"""
