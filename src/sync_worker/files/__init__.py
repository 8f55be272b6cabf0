"""Files that people and other programs exchange with this one: cells and rows of csv.

Below those who know what a row means; knows HSA-ids, and nothing of the registry.
"""
