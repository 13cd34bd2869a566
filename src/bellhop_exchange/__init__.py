"""The servers behind names on the Internet: a directory of numbers and addresses.

For machines, not for routers: own dependencies, and the node never imports this.
"""
