"""Local writers' models: which there are, bringing one here whole or not at all, and which one is in use.

The writer itself calls `chosen_model` and nothing else. Knows nothing about questions, evidence or prompts.
"""

from rag.models.catalogue import CATALOGUE, Model, model_named
from rag.models.choice import LocalModelFile, NoModel, Wish, chosen_model, read_wish, use_model
from rag.models.place import Place, State, writers_folder
from rag.models.pull import Pulled, pull_model
from rag.models.report import FailedSource, Progress

__all__ = [
    "CATALOGUE",
    "FailedSource",
    "LocalModelFile",
    "Model",
    "NoModel",
    "Place",
    "Progress",
    "Pulled",
    "State",
    "Wish",
    "chosen_model",
    "model_named",
    "pull_model",
    "read_wish",
    "use_model",
    "writers_folder",
]
