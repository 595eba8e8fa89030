"""Volumes: made before a pod's containers, kept up to date while they run, taken away after them.

A volume is a folder `ROOT/pods/UID/volumes/kubernetes.io~KIND/NAME`, as the real kubelet lays them out, or a path of
the host. Supported: emptyDir, hostPath, configMap, secret, downwardAPI, projected, and claims bound to hostPath and
local volumes. Everything else is refused by its name.
"""
