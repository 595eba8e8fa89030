"""hythe: a container platform for Linux. This file holds the version and imports nothing."""

__version__ = "0.1.0"
