"""Generated examples have no deadline of their own: how long one takes says how busy the machine is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("hythe", deadline=None)
settings.load_profile("hythe")
