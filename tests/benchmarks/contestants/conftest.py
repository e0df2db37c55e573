"""No doctests are looked for in contestants, whose packages are not those of the tests."""

collect_ignore_glob = ["*.py"]
