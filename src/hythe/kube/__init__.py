"""The cluster: API server, controllers, scheduler, kubelet, service proxy, DNS.

Each speaks to the others through the Kubernetes API alone, so that each can be replaced by the real one.
"""
