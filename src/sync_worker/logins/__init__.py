"""Logins that are refused, to whatever it is that refuses them."""
