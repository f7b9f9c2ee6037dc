"""What every Hub of Gibbs has in common, on one machine and with containers:
secrets, the proxy, culling, and the server of a user. The variables are set by
`go run ./docker/hub start`; README.md lists those that a site changes."""
import os
import sys

private = os.environ["GIBBS_HUB_DIR"]  # mode 0700: database, cookie secret, pids


def configure(c):
    c.JupyterHub.bind_url = os.environ.get("GIBBS_HUB_URL", "http://127.0.0.1:8000")
    c.JupyterHub.ssl_cert = os.environ.get("GIBBS_HUB_CERT", "")
    c.JupyterHub.ssl_key = os.environ.get("GIBBS_HUB_KEY", "")
    c.JupyterHub.db_url = f"sqlite:///{private}/hub.sqlite"
    c.JupyterHub.cookie_secret_file = f"{private}/cookie-secret"
    c.JupyterHub.pid_file = f"{private}/hub.pid"
    c.ConfigurableHTTPProxy.pid_file = f"{private}/proxy.pid"
    c.ConfigurableHTTPProxy.command = [os.environ.get("GIBBS_HUB_PROXY", "configurable-http-proxy")]

    # A Hub that ends, or is killed, leaves the users' servers and their kernels alone;
    # the next one finds them in its database.
    c.JupyterHub.cleanup_servers = False

    # Servers that nobody uses end. Kernels end by themselves (singleuser/), and a
    # training that was cut goes on from its checkpoint.
    idle = int(os.environ.get("GIBBS_HUB_IDLE_SECONDS", "3600"))
    c.JupyterHub.services = [
        {
            "name": "idle-culler",
            "command": [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={idle}", f"--cull-every={max(idle // 4, 1)}"],
        }
    ]
    c.JupyterHub.load_roles = [
        {
            "name": "idle-culler",
            "services": ["idle-culler"],
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        }
    ]

    c.Spawner.default_url = "/lab"
    c.Spawner.mem_limit = os.environ.get("GIBBS_HUB_MEMORY", "2G")
    c.Spawner.cpu_limit = float(os.environ.get("GIBBS_HUB_CPUS", "0")) or None
    c.Spawner.http_timeout = 120  # a first start on a machine where thirty others start too
    c.Spawner.start_timeout = 120

    c.Spawner.environment = {
        "GIBBS_MEMORY_LIMIT": memory_of_cell,
        "GIBBS_HUB_IDLE_SECONDS": str(idle),
    }


def memory_of_cell(spawner):
    """A cell may have half of its user's memory, beside the server, the other kernels
    and their language servers: the kernel ends it with a message that names the
    limit, before the system ends something without a word."""
    return f"{spawner.mem_limit // 2}B"


def local_servers(c):
    """Servers are processes of this machine, and read the repository and the home
    of Gibbs where they lie. Each user has copies of the lessons in ~/gibbs."""
    root, home = os.environ["GIBBS_ROOT"], os.environ["GIBBS_HOME"]
    c.Spawner.env_keep = ["LANG", "LC_ALL"]
    c.Spawner.environment |= {
        "GIBBS_ROOT": root,
        "GIBBS_HOME": home,
        "PATH": f"{home}/bin:{os.environ['GIBBS_HUB_USERS_PATH']}",
        "JUPYTER_PATH": f"{home}/venv/share/jupyter",
        "JUPYTER_CONFIG_PATH": f"{root}/docker/hub/singleuser",
    }
    c.Spawner.cmd = [
        f"{home}/bin/gibbs", "lessons", "gibbs", "--log", ".gibbs-server.log",
        "--", f"{sys.prefix}/bin/jupyterhub-singleuser",
    ]
    c.Spawner.notebook_dir = "~/gibbs"


def site(c):
    """What a site says in GIBBS_HUB_DIR/site.py about c has the last word."""
    name = f"{private}/site.py"
    if os.path.exists(name):
        with open(name) as f:
            exec(compile(f.read(), name, "exec"), {"c": c, "__file__": name})
