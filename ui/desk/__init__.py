"""The operator's desk: add, edit, withdraw, release and roll back, what waits for somebody, and what readers said, behind a passphrase.

`page` draws the desk and its parts (`adding`, `documents`, `quarantine`, `history`, `waiting`, `readers`), `actions` is all an operator can do,
`hand` does what changes the library in a process of its own, and `view` makes HTML of what is shown.
"""
