"""What the program reports while it works: log, metrics, health."""
