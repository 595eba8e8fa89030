"""The Kubernetes API from the client's side, for the cluster's own parts.

`client.Client` speaks it, `informer.Informer` keeps a live copy of a kind, `shared.SharedInformers` one for all who
ask, `queue.WorkQueue` hands out keys to work on, `recorder.Recorder` writes Events, `election` chooses one of
several. Nothing is imported here: each module is asked for by name.
"""
