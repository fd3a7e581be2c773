"""One Envoy: its bootstrap, process, admin interface, log and traps, and the canary that tries modules first."""
