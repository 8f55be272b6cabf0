"""Tests against a real broker and a real database; slow, and never sleeping in hope."""
