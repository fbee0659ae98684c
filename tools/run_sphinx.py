"""Run Jupyter Book with sphinxcontrib-katex mended for a busy machine; arguments are those of `jupyter-book`.

Its server is asked through a socket file as soon as the file is there, which is a moment before anybody listens:
now and then a build dies of "connection refused". The way it takes on Windows asks again, so take that everywhere.
"""

from jupyter_book.cli.main import main
from sphinxcontrib import katex

katex.KaTeXServer.start_server_process = katex.KaTeXServer.start_network_socket
katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0

main()
