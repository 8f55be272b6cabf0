"""What the worker tells: logs and, later, metrics and health. Decides nothing."""
