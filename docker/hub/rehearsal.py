# A Hub to look at, without root: all of its users are you. They have separate
# folders and separate servers, but each of them can read everything that is yours,
# another's folder and tokens too. So it listens on this machine only.
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
import common  # noqa: E402

c = get_config()  # noqa: F821 (JupyterHub gives it)
common.configure(c)
common.local_servers(c)

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["GIBBS_HUB_PASSWORD"]
c.SharedPasswordAuthenticator.allow_all = True

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = f"{os.environ['GIBBS_HUB_DIR']}/homes/{{username}}"
# Sockets of kernels, whose paths must be short.
c.Spawner.environment["JUPYTER_RUNTIME_DIR"] = lambda spawner: tempfile.mkdtemp(prefix="gibbs-run-")
common.site(c)
