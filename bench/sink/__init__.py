"""The Debezium JDBC sink, as a yardstick: a program of others that upserts the same events."""
