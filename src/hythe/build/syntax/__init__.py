"""The Dockerfile language: text in, positioned instructions out. Nothing here touches the file system."""
