"""What the program tells of itself while it works: its log."""
