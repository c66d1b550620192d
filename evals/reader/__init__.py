"""How the reader (`rag/reader.onnx`) was made: its pairs of questions and texts, the sentences graded for it, and the training."""
