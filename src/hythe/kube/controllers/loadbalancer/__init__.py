"""Services of type LoadBalancer, without a cloud: the nodes' own addresses."""
