"""The cluster's store in one SQLite file.

    file.py       the file: its tables, opening it, refusing what is damaged or in use
    ledger.py     one transaction's changes: compare, swap, number
    reader.py     states and histories, from a connection of its own
    cache.py      records by revision
    writer.py     many writers, one fsync
    history.py    compaction in slices, and space given back
    expiry.py     keys that end by themselves
    store.py      these together, as the contract wants them

Two tables carry everything. `entries` has one row for each revision, with the value; `current` says which revision
each key is at. So a list of what is there never walks through what was, a change writes its value once, and
the history ends where rows of `entries` are deleted.
"""
