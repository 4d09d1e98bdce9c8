"""Install and test Rust's packages.

``language`` declares them, ``adapter`` runs cargo and the programs it builds. ``targets`` reads what there is to build
and what was built, ``modules`` which tests stand in which file, ``report`` what libtest tells of them.
"""
