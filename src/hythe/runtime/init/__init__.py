"""What runs between fork and exec: the container's first process making its own surroundings.

Everything here runs in a child of the warden that ends in exec or `_exit`. Nothing may be imported here once
the container's root is in place, or a hostile image would be asked for the module; so imports stand at the
top.
"""
