"""The text and csv files that people have, read into rows with their line numbers."""
