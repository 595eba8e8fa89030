"""Protocols as values: bytes in, events out. Nothing here opens a socket or a file."""
