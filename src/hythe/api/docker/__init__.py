"""The Docker Engine API over HTTP.

A request passes `server` (version, route, error table), then a handler in one of the `routes_*` files, which
reads it with `call`, translates it with `translate/` and calls one use case of the engine, through the small
Protocol in `backend` that says what is needed of it. Nothing here knows how a container is made.
"""
