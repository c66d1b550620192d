"""The floor: what we know and where it is kept.

Documents as Markdown (`documents`, `library`), the shape of their text (`text`), the record in SQLite (`record`), vectors in
Chroma (`vectors`), the embedder a question needs (`embedder`), and the reader over a published snapshot (`index`).
Knows nothing about how documents come in, how answers are made, or who looks at them.
"""
