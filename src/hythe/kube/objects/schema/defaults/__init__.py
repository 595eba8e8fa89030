"""Defaulting: what a client left out is filled in, as Kubernetes fills it in.

    fill(object, kind)    changes the object in place; twice is the same as once

Most defaults are data (`defaults.toml`): a value for a field of a struct, wherever the struct is. Those that depend
on other fields are functions, by struct (`rules*.py`). The walk goes along the Go types and only to where there is
something to fill in. The object must be in the form that `decode.typed` gives. Custom resources have their defaults
in their own schemas; for them nothing happens here.
"""

from __future__ import annotations

from hythe.kube.objects.schema.defaults.walk import fill

__all__ = ["fill"]
