"""What the administrators' page says: a module for each of its parts.

Times, numbers and names are put in as the page shows them.
"""
