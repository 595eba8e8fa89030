"""The service proxy: what kube-proxy does, with one nftables table whose changes are small transactions.

    objects (Service, EndpointSlice) -> services.py -> chains.py -> table.py -> proxy.py (one transaction each)
                                        meaning        rules        text        when

See `table.py` for the picture of the table.
"""
