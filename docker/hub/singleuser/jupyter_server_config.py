# The server of one user of a Hub.
import os

c = get_config()  # noqa: F821

# On a machine with other users, a kernel's ports are open to all of them: requests
# are signed, but what a cell prints can be read by who connects. Sockets in a folder
# of this user's are not.
c.KernelManager.transport = "ipc"
c.MultiKernelManager.default_kernel_name = "gibbs"

# A kernel that nobody looks at, and that does nothing, ends.
c.MappingKernelManager.cull_idle_timeout = int(os.environ.get("GIBBS_HUB_IDLE_SECONDS", "3600"))
c.MappingKernelManager.cull_interval = 60
