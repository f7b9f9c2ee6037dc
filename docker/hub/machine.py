# A class on one machine: every user is a user of the system, with their own uid,
# their own files, and their own share of memory, processors and processes. The Hub
# runs as root, because only root can become its users.
import os
import pwd
import resource
import signal
import sys

from jupyterhub.spawner import LocalProcessSpawner

sys.path.insert(0, os.path.dirname(__file__))
import common  # noqa: E402

c = get_config()  # noqa: F821 (JupyterHub gives it)
common.configure(c)
common.local_servers(c)

# Passwords are the system's, and so is who belongs to the class.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {os.environ.get("GIBBS_HUB_GROUP", "gibbs-class")}
c.PAMAuthenticator.admin_groups = {os.environ.get("GIBBS_HUB_TEACHERS", "gibbs-teachers")}

TASKS = int(os.environ.get("GIBBS_HUB_TASKS", "4096"))  # processes and threads of one user
CONTROL = "/sys/fs/cgroup"
RUN = os.environ.get("GIBBS_HUB_RUN", "/run/gibbs-hub")  # kernels' sockets, whose paths must be short


def uid_of(spawner):
    return pwd.getpwnam(spawner.user.name).pw_uid


# A folder of each user's alone, below one in which only root makes folders.
c.Spawner.environment["JUPYTER_RUNTIME_DIR"] = lambda spawner: f"{RUN}/{uid_of(spawner)}"


def put(text, *path):
    with open(os.path.join(*path), "w") as f:
        f.write(str(text))


def limits(uid, memory, cpus):
    """The control groups of a user, and what is to be written there: one group in
    version 2, one for each controller in version 1. Each user's group has the same
    weight, so a busy one leaves the others their share of the processors."""
    if os.path.exists(f"{CONTROL}/cgroup.controllers"):
        return {f"{CONTROL}/gibbs-hub/{uid}": {
            "memory.max": memory,
            "memory.swap.max": 0,
            "pids.max": TASKS,
            "cpu.weight": 100,
            "cpu.max": f"{int(cpus * 100000)} 100000" if cpus else "max 100000",
        }}
    return {
        f"{CONTROL}/memory/gibbs-hub/{uid}": {"memory.limit_in_bytes": memory},
        f"{CONTROL}/pids/gibbs-hub/{uid}": {"pids.max": TASKS},
        f"{CONTROL}/cpu/gibbs-hub/{uid}": {
            "cpu.shares": 1024,
            "cpu.cfs_quota_us": int(cpus * 100000) if cpus else -1,
        },
    }


def control(groups):
    """Make control groups. It fails where the system does not let this one do it."""
    for folder, values in groups.items():
        os.makedirs(folder, exist_ok=True)
        if os.path.exists(f"{CONTROL}/cgroup.controllers"):
            for above in (CONTROL, f"{CONTROL}/gibbs-hub"):
                put("+memory +cpu +pids", above, "cgroup.subtree_control")
        for name, value in values.items():
            if os.path.exists(os.path.join(folder, name)):  # without swap there is no file about it
                put(value, folder, name)


class UserSpawner(LocalProcessSpawner):
    """Starts a server as its user, within the user's limits."""

    def groups(self):
        return limits(uid_of(self), self.mem_limit, self.cpu_limit)

    def make_preexec_fn(self, name):
        become = super().make_preexec_fn(name)
        run = f"{RUN}/{uid_of(self)}"
        os.makedirs(run, exist_ok=True)
        os.chmod(RUN, 0o755)
        os.chmod(run, 0o700)
        os.chown(run, uid_of(self), -1)
        groups = self.groups()
        try:
            control(groups)
        except OSError as error:
            groups = {}
            self.log.warning(
                "No control group for %s (%s): each of their cells is held to GIBBS_MEMORY_LIMIT, "
                "but all of them together to nothing.", name, error)

        def in_the_child():
            for folder in groups:
                put(os.getpid(), folder, "cgroup.procs")
            resource.setrlimit(resource.RLIMIT_NPROC, (TASKS, TASKS))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no memory in a file
            os.nice(5)  # behind the Hub and its proxy
            os.umask(0o077)
            become()

        return in_the_child

    async def stop(self, now=False):
        """Nothing of a server is left when it has ended, whatever a terminal in it
        started."""
        await super().stop(now)
        procs = f"{next(iter(self.groups()))}/cgroup.procs"
        if os.path.exists(procs):
            with open(procs) as f:
                for pid in f.read().split():
                    try:
                        os.kill(int(pid), signal.SIGKILL)
                    except ProcessLookupError:
                        pass


c.JupyterHub.spawner_class = UserSpawner
common.site(c)
