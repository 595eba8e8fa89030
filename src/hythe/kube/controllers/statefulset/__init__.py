"""StatefulSets: pods with names, numbers and volumes that stay theirs."""
