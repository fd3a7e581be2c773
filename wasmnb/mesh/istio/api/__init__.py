"""The Kubernetes API: the client, its credentials, forwarded ports, commands in containers, rights and errors."""
