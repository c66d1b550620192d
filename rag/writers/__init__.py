"""What turns a prompt into words: the local model, hosted ones, and the ladder that picks among them.

A writer here knows nothing of passages, citations or checks; those are `rag.prose` and `rag.support`, the same for all.
"""
