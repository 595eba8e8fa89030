"""The cluster's store in etcd (v3.4 or later), for several control-plane nodes, or for one that has it already.

    messages.py   the few messages of its gRPC API that are used, by field number
    channel.py    calls, deadlines, and its errors as ours
    keyvalue.py   create, update, delete, get, list: one transaction or range each
    leases.py     keys that end
    feed.py       one watch of everything, which feeds the hub; and replays of the past
    store.py      these together, as the contract wants them

`grpc` and `protobuf` are imported only when such a store is opened.
"""
