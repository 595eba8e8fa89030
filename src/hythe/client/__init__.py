"""A synchronous client for the Docker Engine API, over a unix socket or TCP.

`Client` is the face: one attribute per noun (`containers`, `images`, `networks`, `volumes`) with one thin,
typed method per call. Bodies and answers are the API's own JSON objects as dictionaries; failures are
`hythe.errors`. It drives hythe's daemon and dockerd alike. Nothing here draws, and nothing but the
standard library and `hythe.base`, `hythe.errors` is imported on the way to a simple call.
"""

from __future__ import annotations

from hythe.client.session import Client

__all__ = ["Client"]
