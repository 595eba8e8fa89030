"""What may stand in a Compose file: the Compose Specification as a table of shapes.

`shapes` has the kinds of value and the check; `service`, `build`, `deploy`, `mounts`, `top` have the table.
Every key of the specification is in it. Those that hythe does not implement are marked as refused, with
what to do instead, so that the check refuses them by name and `coverage` can list them.
"""
