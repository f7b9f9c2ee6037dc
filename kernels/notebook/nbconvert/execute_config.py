"""nbconvert configuration for executing a notebook.

Reports progress as JSON lines on file descriptor 3, and keeps the notebook as it
stood, outputs so far included, however the execution ends.
"""

import atexit
import json
import os
import sys

import nbformat

numbers = {}  # index of a code cell in the notebook -> its number, from 1


def report(**event):
    os.write(3, (json.dumps(event) + "\n").encode())


def notebook_starts(notebook):
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    numbers.update({index: number for number, index in enumerate(code, 1)})
    report(cells=len(code))
    atexit.register(nbformat.write, notebook, os.environ["GIBBS_EXECUTED"])


def cell_starts(cell, cell_index):
    if cell_index in numbers:
        report(cell=numbers[cell_index])


def failed(kind, error, traceback):
    report(kind=kind.__name__, error=str(error))
    sys.__excepthook__(kind, error, traceback)


sys.excepthook = failed

c = get_config()  # noqa: F821 (nbconvert defines it)
c.ExecutePreprocessor.on_notebook_start = notebook_starts
c.ExecutePreprocessor.on_cell_start = cell_starts
c.ExecutePreprocessor.record_timing = False
c.ExecutePreprocessor.force_raise_errors = True
c.ExecutePreprocessor.raise_on_iopub_timeout = True
c.ExecutePreprocessor.iopub_timeout = 30
# Sockets in the run's own folder: no port that others could open, and no need of
# a network, not even the loopback one.
c.KernelManager.transport = "ipc"
c.KernelManager.ip = os.path.join(os.environ["TMPDIR"], "kernel")
