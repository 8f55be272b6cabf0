"""The text and csv files that people really have, read into rows with the numbers of their lines.

`reading.read` is the way in. Knows HSA-ids, and nothing of the registry.
"""
