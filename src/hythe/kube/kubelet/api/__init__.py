"""The kubelet's HTTPS API, with the real kubelet's paths: what the API server and monitoring call.

Only clients with a certificate of the cluster's authority are answered, and of those who may (`permission`). Exec,
attach and port-forward are passed on byte for byte to the URL that the runtime gives for them; whichever protocol is
spoken there is not looked at.
"""
