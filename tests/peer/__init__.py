"""What another compiler of the same programs gets right and wrong, as tests of this one.

A *case* is a small program, written once against a namespace ``lab`` (``labs``), and names the line
of the table of findings that it covers. The modules ``programs_*`` hold the cases, ``test_peer``
runs them here, and ``python -m tests.peer`` writes the table ``PEER.md``, with what the other
compiler gives where it is installed.
"""
