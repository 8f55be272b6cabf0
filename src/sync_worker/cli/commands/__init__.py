"""A module a command group, each with its `command`."""
