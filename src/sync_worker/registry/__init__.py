"""The complaints registry in a relational database.

Knows tables, transactions and locks; knows no stream client, and decides nothing about events.
"""
