"""Where exec, attach and port-forward lead: a server on loopback that is asked once for each token that was given out.

`Exec` and its like answer with a URL; whoever has it connects there and speaks SPDY/3.1 or WebSocket. `server` takes
the connection and `tokens` knows what the token stands for; `client` says what a session needs of the other side, kept
by `spdy_client` and `websocket_client`; `session` and `forward` do what was asked for, whatever is spoken.
"""
