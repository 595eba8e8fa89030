"""What the engine does and uses, for Prometheus: `hythe daemon --metrics-addr ADDRESS:PORT`, GET /metrics.

`exposition` is the text format, `requests` counts the API's requests, `daemon` and `containers` read the engine when
somebody asks, `server` answers. Nothing here runs, and nothing is counted that costs anything, without that flag.
"""
