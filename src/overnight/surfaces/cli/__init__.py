"""The command line.

Rules: one file per verb group, each verb one function that translates a call of `overnight.app`.
"""
