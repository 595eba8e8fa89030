"""What goes wrong before a body is an object. `body` makes an `ApiError` of each."""

from __future__ import annotations

from hythe.errors import InvalidArgument


class Undecodable(InvalidArgument):
    """The text cannot be read, or a value is of the wrong type; the message is the one that Go would give."""
