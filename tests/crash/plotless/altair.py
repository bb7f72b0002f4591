"""In the way of the real one: the reports of a storm have no plots, as on a machine without that extra."""

raise ImportError("a storm draws no plots: they are half of what a run costs, and nothing here is about them")
