"""Prints JSON about the Python environment and the machine, for doctor."""
import importlib.metadata
import json
import platform

import psutil
from jupyter_client.kernelspec import KernelSpecManager

memory = psutil.virtual_memory()
print(json.dumps({
    "python": platform.python_version(),
    "packages": {name: importlib.metadata.version(name) for name in ("jupyterlab", "nbconvert", "nbclient")},
    "kernels": KernelSpecManager().find_kernel_specs(),
    "memory": memory.total,
    "available": memory.available,
}))
