"""Cluster DNS: the names of services and pods, as the Kubernetes DNS specification 1.1.0 has them.

    objects (Service, EndpointSlice) -> records.py -> zone.py -> answers.py -> server.py (UDP, TCP)
                                                                     |
                                                                     +-> the host's name servers, for all other names

It is served on an address of the node, and the Service kube-dns in kube-system leads to it. Search domains are the
client's affair (the kubelet writes them into resolv.conf).
"""
