"""The complaints registry in a relational database."""
