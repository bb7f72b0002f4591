"""In the way of the real one: reports without plots, as on a machine without that extra. For tests that are about
something else: plots take more time than all the rest of a short run."""

raise ImportError("this test draws no plots")
