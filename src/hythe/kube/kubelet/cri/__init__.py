"""The container runtime behind CRI v1: calls (`client`), what it says as values (`observed`), its events (`watch`)."""
