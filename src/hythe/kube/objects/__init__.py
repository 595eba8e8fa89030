"""Kubernetes objects as values: what they are, what they may hold, and how they are compared, changed and shown.

Everything here is pure: JSON objects in, JSON objects or an `ApiError` out; no I/O, no clock of its own, no state.
An object is a plain `dict` (`types.Object`), never a class of our own: what a client sent and we do not look at is
kept as it was sent.
"""
