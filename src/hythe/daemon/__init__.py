"""The composition root: configuration, one engine, its API on sockets, and the order of start and stop."""
