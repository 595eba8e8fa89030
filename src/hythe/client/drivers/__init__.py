"""The I/O of the Python client, twice: `aio` on asyncio, `blocking` on plain sockets, with the same names.

Everything above (`hythe.client.aio` and, made from it, `hythe.client.blocking`) is written once. In here is what cannot
be: connecting, reading, writing, sleeping. What goes over the wire is shared: targets and queries (`client.transport`),
requests' heads (`client.http1`), errors (`client.failures`), frames and JSON lines (`wire`).

| a driver has | which gives |
|---|---|
| `call`, `upload`, `head` | a whole answer |
| `stream` | a `Stream`: headers, and the body in pieces; `timeout` bounds the wait for each piece |
| `json_lines` | a `Stream` of objects |
| `hijack` | a `Hijacked` connection: `output`, `write`, `pour`, `end_input` |
| `sleep`, `reachable` | what waiting for a port needs |
"""
