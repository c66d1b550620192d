"""The doors: the command line and the Streamlit chat, over rendering they share. Imports everything; nobody imports it."""
