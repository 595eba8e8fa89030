"""From a container's record to its OCI bundle: the config.json that any OCI runtime can run."""
