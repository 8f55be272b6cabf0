"""What the program tells of its work: log, metrics, health."""
