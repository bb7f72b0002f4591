"""What people and programs talk to.

Rules: surfaces translate, they decide nothing; they call `overnight.app`.
"""
