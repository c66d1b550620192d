"""Anything in, only good things published: read, clean, chunk, embed, publish. Knows the floor (`corpus`) and nothing else."""
