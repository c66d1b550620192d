"""From a question to a verified answer: retrieve, judge the evidence, write, verify. Knows the floor (`corpus`) and nothing else."""
