"""The scheduler: binds pods to nodes."""
