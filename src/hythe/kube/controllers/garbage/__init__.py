"""Garbage collection: what its owners no longer need goes after them, or before them, or is let go."""
