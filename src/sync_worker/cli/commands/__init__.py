"""A module for each command; its `command` is what is called. Slow imports stand inside."""
