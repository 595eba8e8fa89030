"""Where the cluster's objects are kept: one contract (`contract.py`), and what keeps it.

    contract.py    the interface, its vocabulary and its errors; this is all that the API server knows
    datastore.py   from `sqlite:///FILE` or `etcd://HOST:PORT` to a store
    sqlite/        one file of this machine
    etcd/          an etcd v3 server or cluster
    hub.py         committed events to watchers, in order, from memory where they are recent
    compactor.py   old history away, by age and by number
    sealed.py      chosen values encrypted at rest

The store knows keys and bytes. What an object is, who may see it and what a client is told are the API server's.
"""
