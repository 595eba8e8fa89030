"""A pod's status, exactly as Kubernetes reports it: containers, phase, conditions; and its way to the API server."""
