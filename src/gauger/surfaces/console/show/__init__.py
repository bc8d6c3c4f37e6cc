"""One module for each `show license` command: plain functions from views to text.

Labels, their order and their spelling are those of real devices, since people and parsers know
them; where a parser would otherwise crash, the reason stands beside the line.
"""
