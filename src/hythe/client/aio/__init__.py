"""The Python client, asynchronous; `hythe.client.blocking` is made from it by `scripts/blocking-client`.

`AsyncClient` has a noun of the API as each attribute; `AsyncContainer`, `AsyncNetwork` and `AsyncVolume` are handles on
one thing, which as context managers remove it. Only what the drivers (`hythe.client.drivers`) do differs between the
halves: this source has no I/O of its own, so leaving out `async` and `await` makes the other half. It is checked in, so
that editors, types and tracebacks show plain code, and `scripts/check` fails when it is not what the script makes.
"""
