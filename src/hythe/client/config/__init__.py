"""What people write (-p 8080:80, -v data:/var/lib, --memory 512m) as the Engine API's JSON objects.

Pure functions from text to values, one module an area; the command line and Compose use the same ones.
Nothing here talks to a daemon; only env files are read.
"""
