"""Drafts as negotiators publish them: read, split into provisions, aligned, compared and shown.

Pure: no database, no chat, no clock, and nothing of the rest of the project.
"""
