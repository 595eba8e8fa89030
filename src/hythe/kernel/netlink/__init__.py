"""A small netlink client: only what a container's network needs, one message where one will do.

`message` packs and unpacks, `channel` talks to the kernel, `links`, `addresses` and `routes` make requests,
`events` listens, `namespace` enters a network namespace for a moment. Kept out: caching, neighbours, traffic
control, and every policy (that is `hythe.network`).
"""
