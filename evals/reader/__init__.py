"""How the reader (`rag/reader.onnx`) was made: its pairs of questions and texts, and the training."""
