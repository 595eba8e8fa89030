"""CRI's messages into the engine's values (`pod_spec`, `container_spec` and their parts), and back (`*_status`)."""
