"""Times the first cell of kernels and then N changed ones, in turn, and prints JSON.

usage: latency.py N KERNEL...   with each KERNEL a JSON object:
    name   for the result
    argv   the kernel's command line, with {connection_file}
    env    variables on top of this process's
    first  code of a cell that prepares the session, or ""
    cell   code with @ where each run puts another number
"""
import json
import os
import re
import subprocess
import sys
import time

from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

TIMEOUT = 300  # seconds for one cell: the first may compile the library


class Session:
    def __init__(self, kernel):
        self.name, self.cell = kernel["name"], kernel["cell"]
        self.seconds, self.output = [], ""
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(argv=kernel["argv"], language="go", interrupt_mode="message")
        self.manager.start_kernel(env={**os.environ, **kernel["env"]}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        if kernel["first"]:
            self.execute(kernel["first"])

    def hook(self, message):
        content = message["content"]
        data = content.get("data", {})
        self.output += content.get("text", "") + "\n".join(content.get("traceback", []))
        self.output += re.sub("(?s)<style>.*?</style>|<[^>]*>", "", data.get("text/html", data.get("text/plain", "")))

    def execute(self, code):
        """Runs a cell and returns its seconds, from the request to the kernel being idle."""
        self.output = ""
        start = time.monotonic()
        reply = self.client.execute_interactive(code, timeout=TIMEOUT, output_hook=self.hook)
        seconds = time.monotonic() - start
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{self.name}: the cell failed:\n{self.output[-4000:]}")
        return seconds

    def run(self, number):
        seconds = self.execute(self.cell.replace("@", str(number)))
        if f"sum {number}" not in self.output:
            raise RuntimeError(f"{self.name}: the cell printed {self.output[-4000:]!r}, want sum {number}")
        return seconds

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)


def main():
    count, kernels = int(sys.argv[1]), [json.loads(text) for text in sys.argv[2:]]
    sessions = []
    try:
        for kernel in kernels:
            sessions.append(Session(kernel))
        for session in sessions:
            session.seconds.append(session.run(1000))  # the first: it may fill the build cache
        for number in range(count):
            for session in sessions:
                session.seconds.append(session.run(number))
    finally:
        for session in sessions:
            session.close()
    print(json.dumps({session.name: session.seconds for session in sessions}))


main()
