"""The test suites of other OCI runtimes, run on hythe-runtime and, for the baseline, on runc.

None of their code is in this repository: `sources.py` fetches what Debian has as source packages. A suite is a list of
programs (`suite.py`), each run in namespaces of its own within a time limit (`confined.py`), and each prints TAP
(`tap.py`). `journal.py` takes away what a program left behind; `report.py` sets the runtimes side by side.
"""
