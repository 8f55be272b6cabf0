"""Endurance: the installed worker under load and faults, for as long as somebody wants to wait.

Each test stages something, keeps events coming meanwhile, and is closed by `closing.close`.
"""
