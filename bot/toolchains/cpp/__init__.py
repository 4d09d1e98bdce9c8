"""Install and test C and C++.

``language`` declares the build systems. ``adapter`` builds and runs with any of them (``system``): ``ninja`` builds,
``survey`` sees what is built of which files, ``processes`` runs programs, ``report`` tells of them, ``adoption`` builds
a new test file that no build file names. ``cmake`` with ``ctest``, and ``meson``, are the systems.
"""
