"""Install and test C and C++: ``language`` declares the build systems, an adapter each runs its tests.

``cmake`` drives CMake and CTest; ``ctest``, ``gtest`` and ``report`` read what they tell, ``adoption`` builds a new
test file that no build file names.
"""
