"""Keeps 1177's complaints registry true to the events of the e-services."""

__version__ = "0.1.0"
