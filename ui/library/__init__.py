"""The library as readers see it: its articles, terms and positions to look through, and each of them to read.

`page` draws, `catalogue` finds, `view` makes HTML of what is shown.
"""
