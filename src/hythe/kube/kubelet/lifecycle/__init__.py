"""A pod's life on this node: one worker each, which starts and ends it."""
