"""Containers of another OCI runtime (runc, crun, ...) that the user has named: the one program that is run.

The seam is the runtime's command line, as runc has it. The warden stays the parent of every process, so all that
comes after a process's birth (streams, log, reaping, exit) is the same as for its own containers.
"""
