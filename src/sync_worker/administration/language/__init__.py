"""What people are told, in Swedish and in English: one catalogue for command line and web page.

A module a subject. Codes, as JSON has them, are the same in both languages and stand elsewhere.
"""
