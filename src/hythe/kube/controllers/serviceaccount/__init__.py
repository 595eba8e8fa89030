"""What every namespace has from its beginning: a ServiceAccount `default`, and the cluster's certificate
authority."""
