"""How fast the worker is on a real Kafka and a real PostgreSQL: `python -m bench`."""
