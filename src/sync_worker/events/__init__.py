"""The events of the e-services: bytes with their address in, events or rejections out.

Knows what the contract says of records and events; knows no stream client and no database.
"""
