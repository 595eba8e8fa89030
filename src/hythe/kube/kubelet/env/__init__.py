"""A container's environment, and the arguments that refer to it."""
