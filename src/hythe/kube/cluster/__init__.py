"""Composition: the cluster's parts put together into the two programs of a cluster, and the commands around them.

    hythe kube up ------> supervisor.py --+--> hythe daemon --cri     the engine
                                          +--> hythe kube server      server.py: API server, controllers, scheduler
                                          +--> hythe kube agent       agent.py: kubelet, service proxy, cluster DNS
    hythe kube down, status, kubeconfig ->  what `places.py` and `settings.py` say

Nothing heavy is imported before a program begins.
"""
