"""Evaluations: how right the answers are, over time and case by case. `page` draws, `view` makes HTML of what is shown."""
