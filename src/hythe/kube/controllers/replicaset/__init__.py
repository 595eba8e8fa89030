"""ReplicaSets and ReplicationControllers: so many pods of a template."""
