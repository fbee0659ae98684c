"""The explorers of the book, one module a chapter: each a page of Python."""
