"""How the check of a written sentence (`rag/support.py`) is fitted and measured: public sets, corruptions of our own sentences."""
