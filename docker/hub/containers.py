# A class in containers: every user's server is a container of docker/hub/Dockerfile's
# image, with a volume of its own. The Hub needs a Docker engine that it may use, and
# site.py must choose who may log in: without it nobody can.
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
import common  # noqa: E402

c = get_config()  # noqa: F821 (JupyterHub gives it)
common.configure(c)

c.JupyterHub.spawner_class = "docker"
c.JupyterHub.hub_ip = "0.0.0.0"  # inside the network of the containers
c.JupyterHub.hub_connect_ip = os.environ.get("GIBBS_HUB_HOST", "hub")

c.DockerSpawner.image = os.environ.get("GIBBS_IMAGE", "gibbs-hub:cpu")
c.DockerSpawner.pull_policy = os.environ.get("GIBBS_PULL", "ifnotpresent")
c.DockerSpawner.network_name = os.environ.get("GIBBS_HUB_NETWORK", "gibbs-hub")
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.prefix = "gibbs"
c.DockerSpawner.volumes = {"gibbs-{username}": "/home/gibbs/work"}
c.DockerSpawner.notebook_dir = "/home/gibbs/work"
c.DockerSpawner.cmd = ["gibbs", "lessons", "/home/gibbs/work/lessons", "--", "/opt/hub/bin/jupyterhub-singleuser"]
c.DockerSpawner.remove = True  # what matters is in the volume
c.DockerSpawner.extra_host_config = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "tmpfs": {"/tmp": "rw,exec,nosuid,nodev,mode=1777"},  # cells are compiled and run there
    "pids_limit": int(os.environ.get("GIBBS_HUB_TASKS", "4096")),
}
common.site(c)
