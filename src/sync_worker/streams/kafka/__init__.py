"""Kafka: the group member that the worker reads through, ranges, publishing, administration."""
