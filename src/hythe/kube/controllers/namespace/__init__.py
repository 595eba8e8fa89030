"""Namespaces that are being deleted: everything in them goes first."""
