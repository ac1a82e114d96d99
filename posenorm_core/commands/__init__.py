"""The commands of the command line, one a module: what it takes (`add`) and what it does with it.

A command parses, calls the functions of the core and reports; the work is done there.
"""
